from datetime import date

from playwright.sync_api import Browser, Page, expect

from tests.console.in_browser.watched import back_in_time, opened
from tests.console.served import bench


def test_gallery(page: Page) -> None:
    """It begins with the latest picture and goes back, a day at a time, as it is scrolled."""
    expect(page.locator(".card").nth(12)).to_be_attached()
    assert page.locator(".card").count() < 30
    days = [date.fromisoformat(day) for day in back_in_time(page, 40)]
    assert days == sorted(days, reverse=True)
    assert len(set(days)) == len(days)
    assert (days[0] - days[39]).days == 39
    shown = page.locator("#picture-frame img, .card img").evaluate_all(
        "images => images.filter(i => i.complete).map(i => [i.naturalWidth, i.currentSrc])"
    )
    assert len(shown) > 10
    assert all(width > 0 and "/console/v2/apod.nasa.gov/" in source for width, source in shown)


def test_day(page: Page) -> None:
    """A day of the gallery is shown large, with its own title and text."""
    card = page.locator(".card:has(img)").nth(3)
    title = card.locator("span").last.inner_text()
    card.get_by_role("button").click()
    expect(page.locator("#picture-title")).to_have_text(title)
    expect(page.locator("#picture-kind")).to_have_text("An earlier day")
    expect(page.locator("#picture-text")).to_contain_text(title)
    expect(card.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    assert page.locator("[aria-pressed=true]").count() == 1


def test_videos(browser: Browser) -> None:
    """A video is a card with its link: nothing of it is loaded."""
    with bench() as served, opened(browser, served.url) as (page, _):
        back_in_time(page, 40)
        links = page.locator(".card .elsewhere a")
        addresses = links.evaluate_all("links => links.map(link => [link.href, link.rel])")
        assert addresses
        assert all(href.startswith("https://www.youtube.com/") for href, _ in addresses)
        assert {rel for _, rel in addresses} == {"noopener noreferrer"}
        assert page.locator("iframe, video, embed, object").count() == 0
