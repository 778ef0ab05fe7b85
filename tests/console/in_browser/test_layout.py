from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from tests.console.in_browser.watched import DESKTOP, PHONE, ask, opened
from tests.console.served import bench

DAY = "/planetary/apod?date=2021-10-12"


def test_without_scripts(browser: Browser) -> None:
    """Without JavaScript there is the picture of the day, a line to paste and no dead button."""
    with bench() as served, opened(browser, served.url, java_script_enabled=False) as (page, _):
        expect(page.locator("#picture-frame img")).to_be_visible()
        expect(page.locator("#picture-title")).not_to_have_text("No picture yet")
        expect(page.locator("#curl")).to_contain_text("curl -s -H 'Approov-Token: ey")
        assert not [one for one in page.locator("button, input, select").all() if one.is_visible()]


CONTRASTS = """
() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const linear = (part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => [r, g, b].map((part) => linear(part / 255))
    .reduce((sum, part, n) => sum + part * [0.2126, 0.7152, 0.0722][n], 0);
  const background = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const color = parse(getComputedStyle(one).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
      if (color[3] !== 0) return null;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility() || element.closest("noscript, option")) continue;
    const behind = background(element);
    const [a, b] = [parse(getComputedStyle(element).color), behind ?? [128, 128, 128]]
      .map(luminance).sort((one, other) => other - one);
    found.push([(a + 0.05) / (b + 0.05), text.slice(0, 40)]);
  }
  return found;
}
"""
"""The contrast (WCAG 2.2, success criterion 1.4.3) of each text that is seen, and its beginning."""


def fill(page: Page) -> None:
    """Let the page show all that it can show."""
    ask(page, DAY, "tampered")
    page.locator("#request").get_by_role("button", name="Reveal").click()
    page.get_by_label("Latency").fill("-1")
    page.get_by_label("Latency").press("Enter")
    expect(page.locator("#latency_seconds-problem")).not_to_be_empty()
    page.get_by_role("button", name="Fetch example sealed").click()
    expect(page.locator("#secret-opened")).to_be_visible()
    expect(page.locator("#tables table").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(browser: Browser, url: str, scheme: Literal["light", "dark"]) -> None:
    """Every text stands out from what is behind it, by 4.5 to 1, in the light and in the dark."""
    with opened(browser, url, color_scheme=scheme, reduced_motion="reduce") as (page, watch):
        fill(page)
        found = page.evaluate(CONTRASTS)
        assert len(found) > 150
        assert [(round(ratio, 2), text) for ratio, text in found if ratio < 4.5] == []
        watch.refusals.clear()


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_width(browser: Browser, url: str, viewport: ViewportSize) -> None:
    """Nothing is wider than the window, and nothing to press is too small for a finger."""
    with opened(browser, url, viewport=viewport) as (page, watch):
        fill(page)
        wide = page.evaluate("() => document.scrollingElement.scrollWidth")
        assert wide == viewport["width"]
        sizes = page.locator("button:visible, input:visible, select:visible").evaluate_all(
            "all => all.map(one => Math.min(one.offsetWidth, one.offsetHeight))"
        )
        assert min(sizes) >= 24
        watch.refusals.clear()


def test_menu(browser: Browser, url: str) -> None:
    """On a phone the menu is one row, all of which is seen."""
    with opened(browser, url, viewport=PHONE) as (page, _):
        places = page.locator(".bar nav a").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect()).map(at => [at.top, at.right])"
        )
        assert len(places) == 6
        assert len({top for top, _ in places}) == 1
        assert max(right for _, right in places) <= PHONE["width"]


def test_steady_columns(page: Page) -> None:
    """However large numbers grow, the counters' columns stay as wide as they are."""
    expect(page.locator("#table-requests_total")).to_be_visible()
    widths = "all => all.map(one => one.getBoundingClientRect().width)"
    cells = page.locator("#tiles dl, #tables table, #tables th, #tables td")
    page.evaluate("() => { globalThis.fetch = () => new Promise(() => {}) }")  # no more of them
    before = cells.evaluate_all(widths)
    page.locator("#tiles dd, #tables td").evaluate_all(
        "all => all.forEach(one => { one.textContent = '1234567890123456' })"
    )
    assert cells.evaluate_all(widths) == before
    assert len(before) > 15


def focused(page: Page) -> str:
    """Say what has the focus: its id, or its text."""
    told: str = page.evaluate(
        "() => { const one = document.activeElement; return one.id || one.value || one.innerText }"
    )
    return told


def tab_to(page: Page, name: str) -> None:
    """Press the tab key until something has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if focused(page) == name:
            return
    raise AssertionError(f"the tab key does not lead to {name}")


def test_keyboard(page: Page) -> None:
    """By keys alone: skip what is above, look at days, ask, let NASA fail, open a secret."""
    expect(page.locator(".card").nth(12)).to_be_attached()
    page.keyboard.press("Tab")
    assert focused(page) == "Skip to the content"
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert focused(page) == "main"
    while not page.evaluate("() => Boolean(document.activeElement.closest('.card'))"):
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    shown = page.locator(".card").nth(2).locator("span").last.inner_text()
    expect(page.locator("#picture-title")).to_have_text(shown)
    tab_to(page, "genuine")
    page.keyboard.press("ArrowDown")
    assert focused(page) == "tampered"
    tab_to(page, "target")
    page.keyboard.press("Control+A")
    page.keyboard.type(DAY)
    page.keyboard.press("Enter")
    expect(page.locator("#reason-code")).to_have_text("signature_invalid")
    tab_to(page, "fault-pictures")
    page.keyboard.type("html")
    expect(page.locator("#nasa-status")).to_have_text("Picture files: html.")
    page.keyboard.press("Shift+Tab")
    tab_to(page, "Sealed")
    page.keyboard.press("Enter")
    expect(page.locator("#secret-opened")).to_be_visible()
    page.get_by_role("button", name="NASA is well again").press("Enter")
    expect(page.locator("#nasa-status")).to_have_text("All is well.")


def test_focus(page: Page) -> None:
    """The tab key goes through the whole page in some steps, and one always sees where it is."""
    expect(page.locator(".card").nth(12)).to_be_attached()
    ask(page, DAY)
    page.locator("#main").focus()
    seen = []
    for _ in range(80):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => {
              const one = document.activeElement;
              const marked = one.matches("[type=radio]") ? one.nextElementSibling : one;
              return [one.tagName, getComputedStyle(marked).outlineStyle];
            }"""
        )
        if name == "BODY":
            break
        seen.append(outline)
    assert 25 < len(seen) < 60
    assert set(seen) == {"solid"}


def test_calm(browser: Browser) -> None:
    """Whoever wants less motion gets none."""
    with bench() as served, opened(browser, served.url, reduced_motion="reduce") as (page, _):
        expect(page.locator("#picture-frame img")).to_be_visible()
        assert page.evaluate("() => document.getAnimations().length") == 0
        style = (
            "one => [getComputedStyle(one).transitionDuration, getComputedStyle(one).animationName]"
        )
        assert page.locator("#send").evaluate(style) == ["0s", "none"]
        assert page.locator("#picture-frame img").evaluate(style) == ["0s", "none"]
