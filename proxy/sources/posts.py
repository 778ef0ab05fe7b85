"""A post of NASA's new API as the members of a v1 record: its text, and where its picture is."""

import re
from html import unescape

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from proxy.records import InvalidRecordError

SCREEN_PIXELS = 1080
"""About the width of the pictures that v1 gives as `url`."""

MAX_TEXT_CHARACTERS = 32 * 1024
MAX_TAGS = 400
"""An explanation has about 1 kB, and a link in every other sentence."""

HOUSEKEEPING = ("Tomorrow's picture", "Tomorrow\u2019s picture")
"""How what follows an explanation begins."""

MAX_ARTICLE_CHARACTERS = 256 * 1024

FRAME = re.compile(r"<iframe\b[^<>]{0,1000}?\bsrc=[\"']([^\"'<>]{1,500})[\"']")

NO_PICTURE = "news-thumbnail"
"""Part of the address that some old posts have in place of a picture's."""


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
