import re

from playwright.sync_api import Browser, expect

from tests.console.in_browser.watched import ask, opened
from tests.console.served import base_of

DAY = "/planetary/apod?date=2021-10-12"


def test_counters(browser: Browser, url: str) -> None:
    """The counters move while one looks, and rest while the tab is hidden."""
    with opened(browser, "about:blank") as (page, watch):
        watch.origin = base_of(url)
        page.clock.install()
        page.goto(url)
        refused = page.locator("[id='tile-Refused'] dd")
        expect(refused).to_have_text(re.compile(r"\d+"))
        before = int(refused.inner_text())
        ask(page, DAY, "expired")
        page.clock.run_for(2_000)
        expect(refused).to_have_text(str(before + 1))
        expect(page.locator("[id='attestations_total expired']")).to_be_visible()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.evaluate(
            """() => {
                Object.defineProperty(document, "hidden", { value: true, configurable: true });
                document.dispatchEvent(new Event("visibilitychange"));
            }"""
        )
        page.clock.run_for(20_000)
        assert asked == []
        page.evaluate(
            """() => {
                Object.defineProperty(document, "hidden", { value: false });
                document.dispatchEvent(new Event("visibilitychange"));
            }"""
        )
        page.wait_for_function("true")
        assert [address for address in asked if address.endswith("/console/counters")]
