"""Renew the pictures of the console in documents: `python -m tests.console.screenshots docs`.

They show the top of the page, 1280 pixels wide, with the fonts of the machine that this runs on.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Page, ViewportSize, expect

from tests.console.in_browser.watched import chromium, opened
from tests.console.served import astropiks_dev

SIZE: ViewportSize = {"width": 1280, "height": 1560}

PICTURES: dict[str, Literal["light", "dark"]] = {
    "console.png": "light",
    "console-dark.png": "dark",
}


def renew(folder: Path) -> None:
    """Write all of them into *folder*."""
    with TemporaryDirectory() as empty, astropiks_dev(Path(empty)) as url, chromium() as browser:
        for name, scheme in PICTURES.items():
            with opened(browser, url, viewport=SIZE, color_scheme=scheme) as (page, _):
                prepare(page)
                page.screenshot(path=folder / name, animations="disabled")


def prepare(page: Page) -> None:
    """Show a picture, and a refusal with its reason."""
    days = page.locator(".card:has(img)")
    expect(page.locator(".card").nth(12)).to_be_attached()
    if page.locator("#picture-frame img").count() == 0:  # today's is a video
        days.first.get_by_role("button").click()
    loaded = "all => all.slice(0, 6).every(image => image.complete && image.naturalWidth)"
    page.wait_for_function(f"() => ({loaded})([...document.images])")
    page.evaluate("() => document.fonts.ready")
    page.locator("input[value=tampered]").check()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#reason-code")).to_have_text("signature_invalid")
    page.evaluate("() => document.activeElement.blur()")
    page.evaluate("() => scrollTo(0, 0)")
    page.mouse.move(0, 0)


if __name__ == "__main__":
    renew(Path(sys.argv[1]))
