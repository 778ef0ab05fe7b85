"""What a developer sees on days that are not like others: NASA is set to whatever is wanted."""

import re
from datetime import date

from playwright.sync_api import Browser, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from standin.faults import Fault
from tests.console.in_browser.watched import ask, opened
from tests.console.served import bench

LATEST = "/planetary/apod"


def test_stale(browser: Browser) -> None:
    """What is past its time while NASA is down is answered, and the page says so."""
    with bench() as served, opened(browser, served.url) as (page, _):
        ask(page, LATEST)
        served.conditions.faults = {"legacy": Fault.HTML, "science": Fault.HTML}
        served.clock.advance(minutes=11)
        ask(page, LATEST)
        for _ in range(20):
            if "is being asked" in page.locator("#outcome").inner_text():
                ask(page, LATEST)
        expect(page.locator("#outcome")).to_contain_text(
            "Stale: NASA is down. From memory, 11 min old."
        )
        served.conditions.faults = {}
        served.clock.advance(minutes=11)
        ask(page, LATEST)
        expect(page.locator("#outcome")).to_contain_text("Asked NASA just now: what was held")


def test_set_aside(browser: Browser) -> None:
    """A source that is set aside is named until it is asked again, also after NASA is well."""
    with bench() as served, opened(browser, served.url) as (page, watch):
        expect(page.locator(".card").nth(12)).to_be_attached()
        expect(page.locator("#nasa-aside")).to_be_hidden()
        page.get_by_label("api.nasa.gov").first.select_option("503")
        ask(page, "/planetary/apod?date=2016-01-02")
        expect(page.locator("#nasa-aside")).to_contain_text("Set aside: api.nasa.gov.")
        page.get_by_role("button", name="NASA is well again").click()
        expect(page.locator("#nasa-status")).to_have_text("All is well.")
        expect(page.locator("#nasa-aside")).to_contain_text("Set aside: api.nasa.gov.")
        served.clock.advance(minutes=2)
        ask(page, "/planetary/apod?date=2016-01-03")
        expect(page.locator("#nasa-aside")).to_be_hidden()
        watch.refusals.clear()


def test_gaps(browser: Browser) -> None:
    """Days without a picture are left out, without a word."""
    gaps = {date(2026, 11, 20), date(2026, 11, 19)}
    with bench() as served:
        served.conditions.missing_days = gaps
        with opened(browser, served.url) as (page, _):
            expect(page.locator("[data-day='2026-11-18']")).to_be_attached()
            days = page.locator(".card").evaluate_all("all => all.map(one => one.dataset.day)")
    assert days[:4] == ["2026-11-23", "2026-11-22", "2026-11-21", "2026-11-18"]


def test_nasa_down_at_first(browser: Browser) -> None:
    """Where nothing is there yet, the gallery says so and can be asked again."""
    with bench() as served:
        served.conditions.faults = {"legacy": Fault.HTML, "science": Fault.HTML}
        with opened(browser, served.url) as (page, watch):
            expect(page.locator(".end")).to_contain_text(re.compile("NASA|upstream", re.IGNORECASE))
            expect(page.locator("#picture-title")).to_have_text("No picture yet")
            served.conditions.faults = {}
            page.locator(".end").get_by_role("button", name="Try again").click()
            expect(page.locator(".card").nth(12)).to_be_attached()
            expect(page.locator("#picture-title")).not_to_have_text("No picture yet")
            assert set(watch.refusals) == {LATEST}


def test_missing_picture(browser: Browser) -> None:
    """A picture that does not come is replaced by its link."""
    with bench() as served:
        served.conditions.faults = {"pictures": Fault.UNAVAILABLE}
        with opened(browser, served.url) as (page, watch):
            expect(page.locator("#picture-frame")).to_contain_text("The picture did not come.")
            expect(page.locator("#picture-frame a")).to_have_text("Open at apod.nasa.gov")
            assert all(path.startswith("/console/v2/") for path in watch.refusals)
            watch.refusals.clear()


def test_monitored(browser: Browser) -> None:
    """Where refusals are only reported, the page tells what would have been refused."""
    with bench(approov_enforcement="monitor") as served, opened(browser, served.url) as (page, _):
        ask(page, LATEST, "tampered")
        expect(page.locator("#answer .first b")).to_have_text("200")
        expect(page.locator("#outcome")).to_contain_text("Only monitored: signature_invalid.")
        expect(page.locator("#reason-code")).to_have_text("signature_invalid")


def test_too_many(browser: Browser) -> None:
    """Whoever is refused too often is told to wait, and no reason is made up for it."""
    with (
        bench(rate_limit_rejected="1/minute") as served,
        opened(browser, served.url) as (page, _),
    ):
        ask(page, LATEST, "tampered")
        ask(page, LATEST, "expired")
        expect(page.locator("#answer .first b")).to_have_text("429")
        expect(page.locator("#outcome")).to_contain_text("Too many requests")
        expect(page.locator("#reason")).to_be_hidden()


HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


async def hostile(request: Request) -> JSONResponse:
    """Be a NASA that somebody else has taken over."""
    records = [
        {
            "date": day,
            "title": HOSTILE,
            "explanation": HOSTILE,
            "copyright": HOSTILE,
            "media_type": "video",
            "service_version": "v1",
            "url": "https://www.nasa.gov/'\"><script>alert(3)</script>",
        }
        for day in ("2026-11-22", "2026-11-23")
    ]
    is_range = "start_date" in request.query_params
    return JSONResponse(records[:1] if is_range else records[1])


def test_hostile_records(browser: Browser) -> None:
    """What records say is text and nothing else, with scripts and without."""
    nasa = Starlette(routes=[Route(LATEST, hostile)])
    with bench(nasa, apod_sources="legacy") as served:
        for scripts in (True, False):
            with opened(browser, served.url, java_script_enabled=scripts) as (page, _):
                expect(page.locator("#picture-title")).to_have_text(HOSTILE)
                expect(page.locator("#picture-text")).to_have_text(HOSTILE)
                assert page.locator("main img, main script").count() == 0
                assert page.locator("a[href^='javascript']").count() == 0
