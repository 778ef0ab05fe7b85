"""The raw query string, as a frozen `ApodQuery` or one of NASA's own 400 texts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import parse_qsl

from proxy.errors import BadQueryError
from proxy.records import FIRST_DAY

MAX_QUERY_BYTES = 1024

MAX_QUOTED_CHARACTERS = 64
"""NASA quotes a bad date whole; we quote so much of it."""

ALLOWED = (
    "Allowed request fields for apod method are 'concept_tags', 'date', 'hd', 'count', "
    "'start_date', 'end_date', 'thumbs'"
)
UNKNOWN_FIELD = f"Bad Request: incorrect field passed. {ALLOWED}"
BAD_COMBINATION = f"Bad Request: invalid field combination passed. {ALLOWED}"

PARAMETERS = ("concept_tags", "count", "date", "end_date", "hd", "start_date", "thumbs")
"""`hd` changes nothing, here as at NASA: `hdurl` is always sent."""

COMBINATIONS = ({"date"}, {"start_date"}, {"start_date", "end_date"}, {"count"}, set[str]())

# What Python's strptime reads as %Y-%m-%d, and NASA with it: months and days may be unpadded.
# Written out because date.fromisoformat also takes 20240101 and 2024-W01-1, and strptime takes
# digits of other scripts.
DATE = re.compile(
    r"(\d{4})-(1[0-2]|0[1-9]|[1-9])-(3[01]|[12]\d|0[1-9]|[1-9])(.*)", re.ASCII | re.DOTALL
)


MAX_COUNT = 100


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest picture."""


@dataclass(frozen=True, slots=True)
class Day:
    """The picture of one day."""

    day: date


@dataclass(frozen=True, slots=True)
class Span:
    """The pictures from one day to another, both included."""

    start: date
    end: date

    def days(self) -> list[date]:
        """Give every day of it, in order."""
        return [self.start + timedelta(days=n) for n in range((self.end - self.start).days + 1)]


@dataclass(frozen=True, slots=True)
class Sample:
    """So many pictures of different days, drawn at random."""

    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ApodQuery:
    """What is asked for.

    Attributes:
        wanted: which picture or pictures.
        thumbs: whether videos shall have a thumbnail.
        concept_tags: whether records shall say that concept tags are off.
    """

    wanted: Latest | Day | Span | Sample
    thumbs: bool = False
    concept_tags: bool = False


def parse(raw: bytes, *, today: date, max_days: int, days_ahead: int = 0) -> ApodQuery:
    """Read a query string as NASA's backend does, except that nothing is ambiguous.

    The client's `api_key` is dropped, as NASA's gateway would; an empty value counts as absent.

    Args:
        raw: the query string as received, without the question mark.
        today: the present date in UTC, which is NASA's idea of today.
        max_days: the longest range that is served; NASA states none.
        days_ahead: how far ahead of *today* a single date may be; NASA allows none.

    Raises:
        BadQueryError: with NASA's text.
    """
    pairs = [(name, value) for name, value in _pairs(raw) if name != "api_key"]
    names = [name for name, _ in pairs]
    if any(name not in PARAMETERS for name in names):
        raise BadQueryError(UNKNOWN_FIELD)
    if len(set(names)) != len(names):
        raise BadQueryError(BAD_COMBINATION)
    given = {name: value for name, value in pairs if value}
    if given.keys() & {"date", "start_date", "end_date", "count"} not in COMBINATIONS:
        raise BadQueryError(BAD_COMBINATION)
    return ApodQuery(
        wanted=_wanted(given, today, max_days, days_ahead),
        thumbs=given.get("thumbs", "").lower() == "true",
        concept_tags="concept_tags" in given,
    )


def canonical(query: ApodQuery) -> bytes | None:
    """Give the one spelling of *query* that has a ready-made answer, if it can have any.

    A range to the present is spelled with its end, since without it means another one tomorrow.
    """
    match query.wanted:
        case Latest():
            fields = []
        case Day(day):
            fields = [f"date={day}"]
        case Span(start, end):
            fields = [f"start_date={start}", f"end_date={end}"]
        case Sample():
            return None
    fields += ["thumbs=true"] * query.thumbs + ["concept_tags=true"] * query.concept_tags
    return "&".join(fields).encode()


def _wanted(
    given: Mapping[str, str], today: date, max_days: int, days_ahead: int
) -> Latest | Day | Span | Sample:
    if "count" in given:
        return Sample(_count(given["count"]))
    if "start_date" in given:
        return _span(given, today, max_days)
    return Day(_day(given["date"], today, days_ahead)) if "date" in given else Latest()


def _span(given: Mapping[str, str], today: date, max_days: int) -> Span:
    start = _day(given["start_date"], today)
    end = _day(given["end_date"], today) if "end_date" in given else today
    if start > end:
        raise BadQueryError("start_date cannot be after end_date")
    span = Span(start, end)
    if (end - start).days >= max_days:
        raise BadQueryError(f"The range is longer than {max_days} days: ask for it in parts.")
    return span


def _count(text: str) -> int:
    if not re.fullmatch(r"[ \t]*[+-]?\d{1,9}[ \t]*", text, re.ASCII):
        quoted = text[:MAX_QUOTED_CHARACTERS]
        raise BadQueryError(f"invalid literal for int() with base 10: {quoted!r}")
    if not 0 < int(text) <= MAX_COUNT:
        raise BadQueryError(f"Count must be positive and cannot exceed {MAX_COUNT}")
    return int(text)


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    if len(raw) > MAX_QUERY_BYTES:
        raise BadQueryError(UNKNOWN_FIELD)
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise BadQueryError(UNKNOWN_FIELD) from None


def _day(text: str, today: date, days_ahead: int = 0) -> date:
    """Read a date with NASA's texts: Python's own for its form, then the range of the archive."""
    quoted = text[:MAX_QUOTED_CHARACTERS]
    match = DATE.fullmatch(text)
    if match is None:
        raise BadQueryError(f"time data {quoted!r} does not match format '%Y-%m-%d'")
    year, month, day, rest = match.groups()
    if rest:
        raise BadQueryError(f"unconverted data remains: {rest[:MAX_QUOTED_CHARACTERS]}")
    try:
        parsed = date(int(year), int(month), int(day))
    except ValueError:
        wrong = "day is out of range for month" if int(year) else "year 0 is out of range"
        raise BadQueryError(wrong) from None
    if not FIRST_DAY <= parsed <= today + timedelta(days=days_ahead):
        first, last = (f"{d:%b %d, %Y}" for d in (FIRST_DAY, today))
        raise BadQueryError(f"Date must be between {first} and {last}.")
    return parsed
