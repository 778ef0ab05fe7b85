import json
import re

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.in_browser.watched import ask, opened
from tests.console.served import base_of, bench

DAY = "/planetary/apod?date=2021-10-12"


@pytest.mark.parametrize(
    ("who", "status", "reason"),
    [
        ("genuine", 200, None),
        ("tampered", 401, "signature_invalid"),
        ("nobody", 401, "token_missing"),
        ("expired", 401, "expired"),
        ("unbound", 401, "binding_missing"),
        ("stolen", 401, "binding_mismatch"),
    ],
)
def test_who(page: Page, who: str, status: int, reason: str | None) -> None:
    """Each who asks gets their status; and for a refusal the page tells the reason."""
    ask(page, DAY, who)
    expect(page.locator("#answer .first")).to_contain_text(str(status))
    expect(page.locator("#outcome")).to_contain_text(re.compile(rf"^{status} \w+ in [\d.]+ ms\."))
    if reason is None:
        expect(page.locator("#reason")).to_be_hidden()
        expect(page.locator("#answer .body")).to_contain_text(
            '"title": "Fireball over Lake Louise"'
        )
    else:
        expect(page.locator("#reason-code")).to_have_text(reason)
        expect(page.locator("#outcome")).to_contain_text(f"Refused: {reason}.")
        expect(page.locator("#answer .body")).to_contain_text("ATTESTATION_REQUIRED")
        assert reason not in page.locator("#answer").inner_text()


@pytest.mark.parametrize("who", ["nobody", "tampered"])
@pytest.mark.parametrize("path", ["/docs", "/openapi.json", "/livez"])
def test_public(page: Page, path: str, who: str) -> None:
    """Of a path that needs no token it says so, and gives no reason of a log that has none."""
    ask(page, path, who)
    expect(page.locator("#outcome")).to_contain_text("No token is needed for this path.")
    expect(page.locator("#reason")).to_be_hidden()


def test_monitored(browser: Browser) -> None:
    """Where the gate only watches it says so, also of a request that fails for another reason."""
    with (
        bench(approov_enforcement="monitor") as served,
        opened(browser, served.url) as (page, _),
    ):
        for target, status in ((DAY, 200), ("/planetary/apod?date=2021-02-30", 400)):
            ask(page, target, "nobody")
            expect(page.locator("#outcome")).to_contain_text(str(status))
            expect(page.locator("#outcome")).to_contain_text("Only monitored: token_missing.")
            expect(page.locator("#reason-code")).to_have_text("token_missing")


def test_exact_request(page: Page, url: str) -> None:
    """What the page shows is what was sent: the shown token, sent again, gets the same answer."""
    ask(page, DAY)
    assert len(page.locator("#request .token").inner_text()) < 30
    page.locator("#request").get_by_role("button", name="Reveal").click()
    token = page.locator("#request .token").inner_text()
    again = httpx.get(f"{base_of(url)}{DAY}", headers={"Approov-Token": token}, trust_env=False)
    assert again.status_code == 200
    assert json.loads(page.locator("#answer .body").inner_text()) == again.json()
    assert f"etag: {again.headers['ETag'][:-6]}" in page.locator("#answer").inner_text()


def test_examples(page: Page) -> None:
    """Each example can be sent, and answers with records, names or NASA's own 400."""
    statuses = {}
    for preset in page.locator(".presets button").all():
        preset.click()
        target = page.get_by_label("What for?").input_value()
        ask(page, target)
        statuses[preset.inner_text()] = page.locator("#answer .first b").inner_text()
    assert statuses == {
        "Today": "200",
        "A date": "200",
        "A range": "200",
        "Three at random": "200",
        "A bad date": "400",
        "Secrets": "200",
    }


def test_bad_target(page: Page) -> None:
    """What is no path of this server is not sent; the field says what is wanted."""
    page.get_by_label("What for?").fill("//evil.example/a")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#target-problem")).to_contain_text("A path on this server is wanted")
    expect(page.get_by_label("What for?")).to_have_attribute("aria-invalid", "true")


def test_cache_words(page: Page) -> None:
    """It is said in words whether NASA was asked or the answer came from memory."""
    target = "/planetary/apod?date=2019-04-11"
    ask(page, target)
    expect(page.locator("#outcome")).to_contain_text("Asked NASA just now.")
    ask(page, target)
    expect(page.locator("#outcome")).to_contain_text(re.compile(r"From memory, .* old\."))


def test_opened(page: Page, url: str) -> None:
    """Once it is open, the key is neither in the address nor anywhere that a script can see it."""
    key = url.partition("key=")[2]
    assert page.url == url.partition("?")[0]
    seen = "() => [document.cookie, document.referrer, document.documentElement.outerHTML].join()"
    assert key not in page.evaluate(seen)


def test_old_tab(browser: Browser, url: str) -> None:
    """A tab from before the last start is told that there is a new address."""
    with opened(browser, url) as (page, watch):
        page.context.clear_cookies()
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#outcome")).to_contain_text("Open the address that `make run` printed")
        expect(page.locator("#counters-state")).to_contain_text("Each start makes a new key")
        page.reload()
        expect(page.locator("body")).to_contain_text("Open the address that `make run` printed")
        watch.refusals.clear()
