"""A real Chromium, and what it complains of."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal, TypedDict, Unpack
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    ConsoleMessage,
    Page,
    Request,
    ViewportSize,
    expect,
    sync_playwright,
)

CHROMIUM = shutil.which("chromium")

WITHOUT_CHROMIUM = (
    "NOT TESTED: the development console in a browser, because there is no `chromium` on the PATH. "
    "Install Debian's package `chromium`."
)

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP 10.0.2.2 127.0.0.1",
)

DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}

ANSWERED = "Failed to load resource: the server responded with a status of"
"""How Chromium's console tells of every 4xx and 5xx, also of those that were asked for."""


@dataclass  # without slots: playwright sets attributes of whoever listens
class Watch:
    """What a page does that it should not.

    Attributes:
        origin: of the page.
        problems: errors and warnings of its console, exceptions, requests to elsewhere.
        refusals: paths that were answered with 4xx or 5xx.
    """

    origin: str
    problems: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        """Watch *page* from now on."""
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.problems.append(f"exception: {error}"))
        page.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        if message.text.startswith(ANSWERED):
            self.refusals.append(urlsplit(message.location["url"]).path)
        elif message.type in {"error", "warning"}:
            self.problems.append(f"{message.type}: {message.text}")

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(f"{self.origin}/"):
            self.problems.append(f"request to elsewhere: {request.url}")


class Surroundings(TypedDict, total=False):
    """What a browser can be set to."""

    viewport: ViewportSize
    color_scheme: Literal["light", "dark"]
    reduced_motion: Literal["reduce", "no-preference"]
    java_script_enabled: bool


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(
    browser: Browser, url: str, **context: Unpack[Surroundings]
) -> Iterator[tuple[Page, Watch]]:
    """Open *url* in a context of its own, and see that nothing went wrong there."""
    split = urlsplit(url)
    watch = Watch(f"{split.scheme}://{split.netloc}")
    context.setdefault("viewport", DESKTOP)
    surroundings = browser.new_context(**context)
    surroundings.set_default_timeout(8_000)
    page = surroundings.new_page()
    watch.follow(page)
    try:
        page.goto(url)
        yield page, watch
        assert watch.problems == []
        assert not [path for path in watch.refusals if path.startswith("/console/")]
    finally:
        surroundings.close()


def ask(page: Page, target: str, who: str = "genuine") -> None:
    """Choose, type and send."""
    page.locator(f"input[value={who}]").check()
    page.get_by_label("What for?").fill(target)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#exchange")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#request .first")).to_have_text(f"GET {target}")


def back_in_time(page: Page, days: int) -> list[str]:
    """Scroll until there are so many days, and give them."""
    cards = page.locator(".card")
    while cards.count() < days:
        count = cards.count()
        page.locator("#strip").evaluate("strip => strip.scrollTo(strip.scrollWidth, 0)")
        expect(cards.nth(count)).to_be_attached()
    return [str(card.get_attribute("data-day")) for card in cards.all()]
