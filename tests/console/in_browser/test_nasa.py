import json
import re

from playwright.sync_api import Browser, Page, expect

from tests.console.in_browser.watched import ask, opened


def detail_of(page: Page) -> object:
    """Give what the answer on the page says is wrong."""
    return json.loads(page.locator("#answer .body").inner_text())["detail"]


def test_fault(page: Page) -> None:
    """A fault that is switched shows in the next answer, and is taken back."""
    for api in ("api.nasa.gov", "science.nasa.gov"):
        page.get_by_label(api).first.select_option("html")
    expect(page.locator("#nasa-status")).to_have_text("api.nasa.gov: html. science.nasa.gov: html.")
    ask(page, "/planetary/apod?date=2018-01-02")
    expect(page.locator("#answer .first b")).to_have_text("502")
    outcome = page.locator("#outcome")
    expect(outcome).to_contain_text("502 Bad Gateway")
    expect(outcome).to_contain_text(str(detail_of(page)))
    expect(outcome).to_contain_text(re.compile(r"Again in \d+ s\."))
    page.get_by_role("button", name="NASA is well again").click()
    expect(page.locator("#nasa-status")).to_have_text("All is well.")
    ask(page, "/planetary/apod?date=2018-01-02")
    expect(page.locator("#answer .first b")).to_have_text("200")


def test_conditions(browser: Browser, url: str) -> None:
    """Invalid input says what is wrong, beside the field, and changes nothing."""
    with opened(browser, url) as (page, watch):
        latency = page.get_by_label("Latency")
        latency.fill("-2")
        latency.press("Enter")
        expect(page.locator("#latency_seconds-problem")).to_contain_text(
            "greater than or equal to 0"
        )
        expect(latency).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#nasa-status")).to_contain_text("Nothing has been changed.")
        days = page.get_by_label("Missing days")
        days.fill("2016-02-02, 2016-02-03")
        days.press("Enter")
        expect(page.locator("#nasa-status")).to_have_text("Missing days: 2016-02-02, 2016-02-03.")
        latency.fill("0.01")
        latency.press("Enter")
        expect(latency).to_have_attribute("aria-invalid", "false")
        ask(page, "/planetary/apod?date=2016-02-02")
        expect(page.locator("#answer .first b")).to_have_text("404")
        page.get_by_role("button", name="NASA is well again").click()
        expect(days).to_have_value("")
        assert watch.refusals.count("/console/conditions") == 1
        watch.refusals.clear()
