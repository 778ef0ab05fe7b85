"""What is right: each day's record as NASA's stand-in has it, in the form of each of its two APIs.

None of the service's own code has a part in it.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache

from standin import archive, calendar, science

V1 = ("copyright", "date", "explanation", "hdurl", "media_type", "resource", "service_version",
      "title", "url")  # fmt: skip

Members = dict[str, str]

Dress = Callable[[Members], Members]
"""Changes a record on its way out, as a client or the service's settings want it."""

PICTURE = re.compile(
    r"\s*(?:https?:)?//(apod\.nasa\.gov|assets\.science\.nasa\.gov)"
    r"(/[^\s?#]+\.(?:jpg|jpeg|png|gif|tif|mp4)(?:\?[^\s#]*)?)(?:#\S*)?\s*",
    re.IGNORECASE,
)

SCREEN = "?w=1080&h=720&fit=clip"
ORIGINAL = "?w=4096&h=2730&fit=clip"


def of_legacy(record: archive.Record) -> Members:
    """Give a record as the old API does."""
    return {name: record[name] for name in V1 if name in record}


def of_science(day: date, record: archive.Record) -> Members:
    """Give it as the new API's is read: blanks folded, the picture at another address."""
    told = {
        "date": record["date"],
        "title": " ".join(record["title"].split()),
        "explanation": " ".join(record["explanation"].split()),
        "service_version": "v1",
    }
    if holder := " ".join(record.get("copyright", "").split()):
        told["copyright"] = holder
    match record["media_type"]:
        case "image":
            address = str(science.post(day)["hdurl"])
            assert ORIGINAL in address
            small = address.replace(ORIGINAL, SCREEN)
            return {**told, "media_type": "image", "hdurl": address, "url": small}
        case "video":
            return {**told, "media_type": "video", "url": record["url"]}
    return {**told, "media_type": "other"}


def through(base: str, members: Members) -> Members:
    """Let its pictures be fetched from the service at *base*."""

    def address(text: str) -> str:
        found = PICTURE.fullmatch(text)
        return f"{base}/v2/{found[1].lower()}{found[2]}" if found else text

    moved = {name: address(members[name]) for name in ("url", "hdurl") if name in members}
    return members | moved


def with_extras(members: Members) -> Members:
    """Add what `thumbs=true&concept_tags=true` asks for."""
    return archive.with_extras(members, thumbs=True, concept_tags=True)


def as_it_is(members: Members) -> Members:
    """Change nothing."""
    return members


def written(members: object) -> bytes:
    """Write one record, or anything else, as NASA does."""
    return json.dumps(members, sort_keys=True, separators=(",", ":")).encode() + b"\n"


@cache
def forms(day: date, dress: Dress = as_it_is) -> frozenset[bytes]:
    """Give every right body for one day."""
    record = archive.record(day)
    return frozenset(
        written(dress(members)) for members in (of_legacy(record), of_science(day, record))
    )


def days_until(last: date) -> Iterator[date]:
    """Give every day with a picture, the oldest first."""
    span = (last - calendar.FIRST_DAY).days + 1
    days = (calendar.FIRST_DAY + timedelta(days=n) for n in range(span))
    return (day for day in days if day not in calendar.GAPS)


def is_list_of(body: bytes, days: Sequence[date], dress: Dress = as_it_is) -> bool:
    """Tell whether *body* is the right list for *days*, in their order."""
    return _days_in(body, dress) == list(days)


def sample_in(body: bytes, size: int, last: date, dress: Dress = as_it_is) -> list[date] | None:
    """Give the days of a random list, if they are as many different ones as were asked for."""
    days = _days_in(body, dress)
    if days is None or len({*days}) != size or len(days) != size or max(days) > last:
        return None
    return days


def _days_in(body: bytes, dress: Dress) -> list[date] | None:
    """Give the days of a list each of whose records is right."""
    members = json.loads(body)
    days = [date.fromisoformat(one["date"]) for one in members]
    records = [written(one) for one in members]
    is_right = all(one in forms(day, dress) for one, day in zip(records, days, strict=True))
    as_nasa_does = b"[" + b",".join(one[:-1] for one in records) + b"]\n"
    return days if is_right and body == as_nasa_does else None


def latest_days(begin: float, end: float, lifetime: float) -> set[date]:
    """Give the pictures that may have been the latest for a request from *begin* to *end*.

    Args:
        begin: when it was sent, Unix time in seconds.
        end: when its answer had come.
        lifetime: for which what NASA said may be believed, in seconds.
    """
    return {calendar.latest_published(time) for time in (begin - lifetime, begin, end)}


def utc_day(now: float) -> date:
    """Give the date in UTC."""
    return datetime.fromtimestamp(now, UTC).date()
