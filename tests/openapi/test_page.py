import base64
import hashlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

from astropiks.apps import create_app
from astropiks.openapi.page import code, render, type_of
from astropiks.server import serving
from tests.openapi.conformance import answers, described
from tests.openapi.conftest import Ask, full_settings

DOCUMENT = described(full_settings())
STYLE = resources.files("astropiks.openapi").joinpath("assets", "docs.css").read_text()

CHROMIUM = Path("/usr/bin/chromium")

VOID = {"meta", "link", "br"}


class Reader(HTMLParser):
    """Reads a page, and notes what is needed to judge it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.headings: list[int] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        if tag not in VOID:
            self.open.append(tag)
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag: str) -> None:
        """See to it that elements end in order."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.text += data


@pytest.fixture(scope="module")
def page() -> str:
    """Be the page of a process that serves everything."""
    return render(DOCUMENT, in_production=True)[0].decode()


@pytest.fixture(scope="module")
def read(page: str) -> Reader:
    """Be what the page has."""
    return Reader(page)


def test_markup(read: Reader) -> None:
    """Elements end, ids are unique, links lead somewhere on the page or to the document."""
    assert read.open == []
    assert len(set(read.ids)) == len(read.ids)
    targets = {link.removeprefix("#") for link in read.links if link.startswith("#")}
    assert targets <= set(read.ids)
    assert {link for link in read.links if not link.startswith("#")} == {"openapi.json"}


def test_commands(read: Reader) -> None:
    """In production its lines ask for the reader's domain, and Approov makes the tokens."""
    somewhere = {**DOCUMENT, "servers": [{"url": "/", "description": "Here."}]}
    text = Reader(render(somewhere, in_production=True)[0].decode()).text
    assert "BASE_URL=https://your.domain\n" in text
    assert '="$(approov token -genExample your.domain' in text
    assert "astropiks token" not in text + read.text
    own = Reader(render(DOCUMENT, in_production=False)[0].decode()).text
    assert '="$(.venv/bin/astropiks token mint' in own
    assert "approov token" not in own


def test_headings(read: Reader) -> None:
    """Headings go down one level at a time, from a single first one."""
    assert read.headings[0] == 1
    assert read.headings.count(1) == 1
    steps = zip(read.headings, read.headings[1:], strict=False)
    assert all(after <= before + 1 for before, after in steps)


def test_nothing_runs(read: Reader) -> None:
    """It has no script, no style in attributes, and nothing that is loaded."""
    assert not read.names & {"script", "img", "iframe", "object", "embed", "form", "link"}
    assert not [name for name in read.attributes if name.startswith("on") or name == "style"]


def test_complete(read: Reader) -> None:
    """Each path, parameter, status, header and example is on it."""
    for path, item in DOCUMENT["paths"].items():
        assert path in read.text
        for parameter in item["get"].get("parameters", []):
            assert parameter["description"].replace("`", "") in read.text
        for status, answer in answers(DOCUMENT, path).items():
            assert status in read.text
            assert answer["description"].replace("`", "") in read.text
    for name in (*DOCUMENT["components"]["headers"], *DOCUMENT["components"]["schemas"]):
        assert name in read.text
    assert '"title": "Fireball over Lake Louise"' in read.text
    assert "“" in read.text


async def test_policy(ask: Ask) -> None:
    """Its policy forbids everything but the style sheet that is in it."""
    async with ask() as client:
        response = await client.get("/docs")
    (style,) = re.findall("<style>(.*?)</style>", response.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    directives = response.headers["Content-Security-Policy"].split("; ")
    assert set(directives) == {
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    }
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"


def test_escaped() -> None:
    """Whatever stands in a text, it is text."""
    assert code("a <b> `c & <d>`") == "a &lt;b&gt; <code>c &amp; &lt;d&gt;</code>"
    hostile = {**DOCUMENT, "info": {**DOCUMENT["info"], "title": "<script>alert(1)</script>"}}
    assert "script" not in Reader(render(hostile, in_production=True)[0].decode()).names


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"$ref": "#/components/schemas/Record"}, "Record"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"enum": ["a", "b"]}, "“a” | “b”"),
        ({"type": ["string", "null"]}, "string or null"),
        ({"type": "array", "items": {"type": "string"}}, "array of string"),
        ({"type": "integer", "minimum": 1, "maximum": 9}, "integer, 1 to 9"),
        ({"type": "string", "format": "date"}, "string (date)"),
        ({}, "bytes"),
    ],
)
def test_type(schema: dict[str, object], said: str) -> None:
    """A schema is told in a few words."""
    assert type_of(schema) == said


def colours(block: str) -> dict[str, str]:
    """Give the custom properties of a part of the style sheet."""
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", block))


def luminance(colour: str) -> float:
    """Give the relative luminance (WCAG 2.2)."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


LIGHT, _, DARK = STYLE.partition("prefers-color-scheme: dark")


@pytest.mark.parametrize("block", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast(block: str) -> None:
    """Every text has a contrast of 4.5 at least, in both schemes (WCAG 2.2, 1.4.3)."""
    palette = colours(block)
    grounds = [palette.pop(name) for name in ("ground", "raised", "code")]
    del palette["line"]
    assert len(palette) == 7
    for name, colour in palette.items():
        for ground in grounds:
            lighter, darker = sorted(map(luminance, (colour, ground)), reverse=True)
            assert (lighter + 0.05) / (darker + 0.05) >= 4.5, name


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Be Debian's Chromium."""
    if not CHROMIUM.exists():
        pytest.skip(f"NO {CHROMIUM} HERE: install chromium to have the page at /docs looked at")
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve it."""
    with serving(create_app(full_settings(apod_warm_days=0))) as base_url:
        yield f"{base_url}/docs"


class Visit:
    """A page in the browser, and what went on there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", self._note)
        page.on("request", self._asked)

    def _note(self, message: ConsoleMessage) -> None:
        self.said.append(message.text)

    def _asked(self, request: Request) -> None:
        self.asked.append(request.url)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_in_browser(browser: Browser, url: str, width: int, scheme: str) -> None:
    """It fits its window, in either scheme, asks for nothing else, and breaks no rule."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    visit = Visit(page)
    page.goto(url)
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == {"light": "rgb(251, 251, 253)", "dark": "rgb(13, 15, 24)"}[scheme]
    assert page.locator("nav li li").first.is_visible() == (width > 390)
    assert visit.said == []
    assert {one.partition("#")[0] for one in visit.asked} <= {
        url,
        url.replace("docs", "favicon.ico"),
    }
    page.close()


def test_by_keyboard(browser: Browser, url: str) -> None:
    """The first stop leads past everything; answers open by a key."""
    page = browser.new_page()
    page.goto(url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    answer = page.locator("details.answer").first
    assert not answer.locator("pre").first.is_visible()
    answer.locator("summary").focus()
    page.keyboard.press("Enter")
    assert answer.locator("pre").first.is_visible()
    page.close()
