"""The v1 record: what NASA's APOD API gives for one day, validated, in canonical bytes."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from datetime import date
from typing import Self

FIRST_DAY = date(1995, 6, 16)
"""The first picture of the day."""

REQUIRED_FIELDS = ("date", "explanation", "media_type", "service_version", "title")
FIELDS = (*REQUIRED_FIELDS, "copyright", "hdurl", "resource", "url")
"""`thumbnail_url` and `concepts` are missing on purpose: they belong to a request, not to a day."""

MEDIA_TYPES = ("image", "other", "video")

PLACEHOLDER_TITLE = "NASA Science"
PLACEHOLDER_PATH = "/wp-content/"
"""Since September 2026 the old API has answered every date with the new site's logo."""


_FOREIGN_SCHEME = re.compile(r"(?!https?:)[a-z][a-z0-9+.-]*:", re.IGNORECASE)
"""How an address begins that is not for fetching: an app that opens it may run something."""

_BLANKS = re.compile(r"[\x00-\x20]+")
"""Which readers of addresses pass over, also within a scheme."""


class InvalidRecordError(ValueError):
    """What came is not the record of that day. The message names the rule, never the content."""


@dataclass(frozen=True, slots=True)
class Record:
    """One day's picture.

    Attributes:
        day: the record's own date.
        body: NASA's v1 bytes: keys sorted, compact, non-ASCII escaped, final newline.
        etag: strong entity tag of *body*, with its quotes.
        source: which of NASA's APIs gave it.
    """

    day: date
    body: bytes = field(repr=False)
    etag: str
    source: str = ""

    @classmethod
    def from_json(cls, data: bytes, *, asked: date | None, newest: date) -> Self:
        """Validate what a source sent for one day.

        Args:
            data: the source's body.
            asked: the date that was asked for; None if it was the latest.
            newest: the latest date that a record can have now.

        Raises:
            InvalidRecordError: it must be neither stored nor served.
        """
        record = cls.from_members(parse_json(data))
        if asked not in (None, record.day) or not FIRST_DAY <= record.day <= newest:
            raise InvalidRecordError("the record is about another day")
        return record

    @classmethod
    def list_from_json(cls, data: bytes, *, start: date, end: date) -> list[Self]:
        """Validate what a source sent for the days from *start* to *end*, in whatever order.

        Raises:
            InvalidRecordError: none of it must be stored or served.
        """
        members = parse_json(data)
        if not isinstance(members, list):
            raise InvalidRecordError("the body is no list of records")
        records = sorted((cls.from_members(one) for one in members), key=lambda one: one.day)
        days = [record.day for record in records]
        if len(set(days)) != len(days) or any(not start <= day <= end for day in days):
            raise InvalidRecordError("a record is about another day, or a day has two")
        return records

    @classmethod
    def from_members(cls, members: object) -> Self:
        """Validate the members of one record."""
        fields = _fields(members)
        day = day_of(fields["date"])
        _check_media(fields)
        body = canonical(fields)
        return cls(day, body, etag_of(body))

    def fields(self) -> dict[str, str]:
        """Give its members."""
        fields: dict[str, str] = json.loads(self.body)
        return fields


def canonical(fields: dict[str, str]) -> bytes:
    """Write a record as NASA does: keys sorted, compact, non-ASCII escaped, final newline."""
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def etag_of(body: bytes) -> str:
    """Give the strong entity tag of a body, with its quotes."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def parse_json(data: bytes) -> object:
    """Read JSON in UTF-8, whatever depth it may have.

    Raises:
        InvalidRecordError: it is none.
    """
    try:
        parsed: object = json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError):
        raise InvalidRecordError("the body is not JSON") from None
    return parsed


def _fields(members: object) -> dict[str, str]:
    """Give v1's own members; they are all text."""
    if not isinstance(members, dict):
        raise InvalidRecordError("the body is not one record")
    missing = [name for name in REQUIRED_FIELDS if name not in members]
    if missing:
        raise InvalidRecordError(f"the record lacks {', '.join(missing)}")
    fields = {name: members[name] for name in FIELDS if name in members}
    if not all(isinstance(value, str) for value in fields.values()):
        raise InvalidRecordError("a field is not text")
    try:
        "".join(fields.values()).encode()
    except UnicodeEncodeError:  # half of a character, which JSON can write and UTF-8 cannot
        raise InvalidRecordError("a field is not Unicode text") from None
    return fields


def day_of(text: object) -> date:
    """Read a date in its one form, YYYY-MM-DD.

    Raises:
        InvalidRecordError: it is none.
    """
    try:
        day = date.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise InvalidRecordError("date is not a date") from None
    if day.isoformat() != text:
        raise InvalidRecordError("date is not in the form YYYY-MM-DD")
    return day


def _check_media(fields: dict[str, str]) -> None:
    if fields["service_version"] != "v1" or fields["media_type"] not in MEDIA_TYPES:
        raise InvalidRecordError("service_version or media_type is not one of v1's")
    if fields["media_type"] != "other" and not fields.get("url"):
        raise InvalidRecordError("an image or video has no url")
    for name in ("url", "hdurl"):
        if _FOREIGN_SCHEME.match(_BLANKS.sub("", fields.get(name, ""))):
            raise InvalidRecordError(f"the {name} is no address of http or https")
    addresses = fields.get("url", "") + fields.get("hdurl", "")
    if fields["title"].strip() == PLACEHOLDER_TITLE or PLACEHOLDER_PATH in addresses:
        raise InvalidRecordError("the record is a placeholder")
