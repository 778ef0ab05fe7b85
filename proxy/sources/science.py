"""NASA's new API, `apod-basic` of science.nasa.gov, read as v1 records. It wants no key."""

import re
from datetime import date
from html import unescape

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from proxy.errors import NoRecordError, SourceInvalidError
from proxy.holdings import Fetched
from proxy.records import FIRST_DAY, InvalidRecordError, Record
from proxy.sources.client import RECORD_SECONDS, Reply
from proxy.sources.exchange import Upstream, json_of, require_json

MAX_PAGE_BYTES = 8 * 1024 * 1024
"""25 records with their articles as HTML, of tens of kB each, several times over."""

PAGE = 25
"""Records in one page; more are not given, whatever is asked."""

SCREEN_PIXELS = 1080
"""About the width of the pictures that v1 gives as `url`."""

MAX_TEXT_CHARACTERS = 32 * 1024
MAX_TAGS = 400
"""An explanation has about 1 kB, and a link in every other sentence."""

HOUSEKEEPING = ("Tomorrow's picture", "Tomorrow\u2019s picture")
"""How what follows an explanation begins."""

MAX_ARTICLE_CHARACTERS = 256 * 1024

FRAME = re.compile(r"<iframe\b[^>]{0,1000}?\bsrc=[\"']([^\"'<>]{1,500})[\"']")

NO_PICTURE = "news-thumbnail"
"""Part of the address that some old posts have in place of a picture's."""


class ScienceSource:
    """Records from the new API."""

    def __init__(self, upstream: Upstream, *, base_url: str) -> None:
        self._upstream = upstream
        self._url = f"{base_url}/wp-json/wp/v2/apod-basic"

    @property
    def max_days(self) -> int:
        """One page, so that one call gives all of a range."""
        return PAGE

    async def fetch(self, day: date | None, *, newest: date) -> Record:
        """Give the record of *day*, or the latest; see `proxy.holdings.Source`."""
        if day is None:
            return await self._upstream.ask(
                self._url,
                lambda reply: _latest(reply, newest),
                params={"per_page": "1"},
                max_bytes=MAX_PAGE_BYTES,
                seconds=RECORD_SECONDS,
                is_latest=True,
            )
        return await self._upstream.ask(
            f"{self._url}/{day:%y%m%d}",
            lambda reply: _record(reply, day),
            params={},
            max_bytes=MAX_PAGE_BYTES,
            seconds=RECORD_SECONDS,
        )

    async def fetch_range(self, start: date, end: date) -> Fetched:
        """Give the records of a range; see `proxy.holdings.Source`."""
        records = await self._upstream.ask(
            self._url,
            lambda reply: _range(reply, start, end),
            params={
                "date_from": f"{start:%y%m%d}",
                "date_to": f"{end:%y%m%d}",
                "per_page": str(PAGE),
            },
            max_bytes=MAX_PAGE_BYTES,
        )
        return Fetched(records)


def _latest(reply: Reply, newest: date) -> Record:
    records = _records(reply)
    if len(records) != 1 or not FIRST_DAY <= records[0].day <= newest:
        raise SourceInvalidError("the latest record is not one, or of the future")
    return records[0]


def _range(reply: Reply, start: date, end: date) -> list[Record]:
    records = _records(reply)
    days = {record.day for record in records}
    if len(days) != len(records) or any(not start <= day <= end for day in days):
        # Parameters that it does not know are ignored: then this is just the latest page.
        raise SourceInvalidError("a record is about another day, or a day has two")
    return sorted(records, key=lambda record: record.day)


def _record(reply: Reply, day: date) -> Record:
    if reply.status == 404 and _code(reply) == "apod_basic_not_found":
        raise NoRecordError(day)
    require_json(reply)
    record = _valid(json_of(reply))
    if record.day != day:
        raise SourceInvalidError("the record is about another day")
    return record


def _records(reply: Reply) -> list[Record]:
    require_json(reply)
    posts = json_of(reply)
    if not isinstance(posts, list):
        raise SourceInvalidError("the body is no list of records")
    records: list[Record] = []
    failure: SourceInvalidError | None = None
    for post in posts:
        try:
            records.append(_valid(post))
        except SourceInvalidError as error:
            failure = error  # an old post without a picture must not cost its neighbours
    if failure and not records:
        raise failure
    return records


def _code(reply: Reply) -> object:
    """Give the code of a WordPress error."""
    try:
        parsed = json_of(reply)
    except SourceInvalidError:
        return None
    return parsed.get("code") if isinstance(parsed, dict) else None


def _valid(post: object) -> Record:
    try:
        return Record.from_members(v1_members(post))
    except InvalidRecordError as error:
        raise SourceInvalidError(str(error)) from None
    except Exception as error:  # noqa: BLE001  (parsers of HTML fail in many ways)
        raise SourceInvalidError(f"the post cannot be read ({type(error).__name__})") from None


def v1_members(post: object) -> dict[str, str]:
    """Give the v1 members of one post.

    Raises:
        InvalidRecordError: it lacks what every record has.
    """
    if not isinstance(post, dict):
        raise InvalidRecordError("the body is not one record")
    texts = {name: value for name, value in post.items() if isinstance(value, str)}
    members = {
        "date": texts.get("date", ""),
        "title": plain_text(texts.get("title", "")),
        "explanation": explanation(texts.get("explanation", "")),
        "service_version": "v1",
        **_media(texts),
    }
    if holder := plain_text(texts.get("copyright", "")):
        members["copyright"] = holder
    return members


def _media(texts: dict[str, str]) -> dict[str, str]:
    """Give media type and addresses; a video whose address is not told is v1's `other`."""
    kind = texts.get("media_type")
    if kind == "image":
        original = texts.get("hdurl", "").strip()
        if not original.startswith("https://") or NO_PICTURE in original:
            raise InvalidRecordError("an image has no picture")
        return {"media_type": "image", "url": at_screen_size(original), "hdurl": original}
    if kind in {"video", "iframe"}:
        address = texts.get("video_asset") or _frame(texts.get("basic_html", ""))
        return {"media_type": "video", "url": address} if address else {"media_type": "other"}
    return {"media_type": "other"}


def _frame(html: str) -> str | None:
    """Give the address that the article's frame shows."""
    frame = FRAME.search(html[:MAX_ARTICLE_CHARACTERS])
    return unescape(frame[1]) if frame else None


def at_screen_size(address: str) -> str:
    """Ask for a picture at about the width of a screen, by the address's own parameters."""
    size = re.search(r"[?&]w=(\d{1,6})&h=(\d{1,6})\b", address)
    if size is None or int(size[1]) <= SCREEN_PIXELS:
        return address
    height = max(1, round(int(size[2]) * SCREEN_PIXELS / int(size[1])))
    small = f"{size[0][0]}w={SCREEN_PIXELS}&h={height}"
    return address.replace(size[0], small, 1)


def explanation(html: str) -> str:
    """Give the text of an explanation, without its heading and the housekeeping that follows."""
    soup = _soup(html)
    heading = soup.find("strong")
    if isinstance(heading, Tag) and heading.get_text().strip().rstrip(":") == "Explanation":
        heading.decompose()
    has_text = was_break = False
    for node in [*soup.descendants]:
        if isinstance(node, NavigableString) and node.strip():
            has_text, was_break = True, False
        elif isinstance(node, Tag) and node.name == "br":
            if has_text and was_break:
                for rest in [*node.next_siblings]:
                    rest.extract()
                break
            was_break = True
    text = _text(soup)
    return "" if text.startswith(HOUSEKEEPING) else text  # one day of 2021 has no explanation


def plain_text(html: str) -> str:
    """Give the text of a title or a copyright, entities resolved and blanks folded."""
    return _text(_soup(html)) if "<" in html or "&" in html else " ".join(html.split())


def _text(soup: BeautifulSoup) -> str:
    """Give what a reader sees: where a line or a paragraph ends, a word does too."""
    for tag in soup.find_all(["br", "p", "div", "li"]):
        tag.insert_after(" ")
    return " ".join(soup.get_text().split())


def _soup(html: str) -> BeautifulSoup:
    """Parse, if it is of a size that a text has: the parser's time grows with its square."""
    if len(html) > MAX_TEXT_CHARACTERS or html.count("<") > MAX_TAGS:
        raise InvalidRecordError("a text is too long")
    return BeautifulSoup(html, "html.parser")
