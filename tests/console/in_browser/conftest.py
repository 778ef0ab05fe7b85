"""One browser and one `astropiks dev` for all tests of this package.

They are synchronous, all of them: while Playwright runs, its event loop is this thread's.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.console.in_browser.watched import CHROMIUM, WITHOUT_CHROMIUM, chromium, opened
from tests.console.served import astropiks_dev


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start a browser."""
    if CHROMIUM is None:
        pytest.skip(WITHOUT_CHROMIUM)
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run `astropiks dev`."""
    folder = tmp_path_factory.mktemp("console")
    with astropiks_dev(folder, RATE_LIMIT_DEVICE="off") as url:
        yield url


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Page]:
    """Open the console as on a desk."""
    with opened(browser, url) as (page, _):
        yield page
