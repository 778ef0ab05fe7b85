"""The raw query string, as a frozen `ApodQuery` or one of NASA's own 400 texts."""

import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl

from proxy.errors import BadQueryError, UnservedParameterError
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
SERVED = ("date", "hd")
"""`hd` changes nothing, here as at NASA: `hdurl` is always sent. Nor does `thumbs`, unless true."""

COMBINATIONS = ({"date"}, {"start_date"}, {"start_date", "end_date"}, {"count"}, set[str]())

# What Python's strptime reads as %Y-%m-%d, and NASA with it: months and days may be unpadded.
# Written out because date.fromisoformat also takes 20240101 and 2024-W01-1, and strptime takes
# digits of other scripts.
DATE = re.compile(
    r"(\d{4})-(1[0-2]|0[1-9]|[1-9])-(3[01]|[12]\d|0[1-9]|[1-9])(.*)", re.ASCII | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class ApodQuery:
    """What is asked for.

    Attributes:
        day: the picture's date; None asks for the latest.
    """

    day: date | None


def parse(raw: bytes, *, today: date) -> ApodQuery:
    """Read a query string as NASA's backend does, except that nothing is ambiguous.

    The client's `api_key` is dropped, as NASA's gateway would; an empty value counts as absent.

    Args:
        raw: the query string as received, without the question mark.
        today: the present date in UTC, which is NASA's idea of today.

    Raises:
        BadQueryError: with NASA's text.
        UnservedParameterError: a parameter of NASA's that this proxy does not serve.
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
    day = _day(given["date"], today) if "date" in given else None
    for name, value in given.items():
        if name not in SERVED and not (name == "thumbs" and value.lower() != "true"):
            raise UnservedParameterError(name)
    return ApodQuery(day)


def _pairs(raw: bytes) -> list[tuple[str, str]]:
    if len(raw) > MAX_QUERY_BYTES:
        raise BadQueryError(UNKNOWN_FIELD)
    try:
        return parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise BadQueryError(UNKNOWN_FIELD) from None


def _day(text: str, today: date) -> date:
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
    if not FIRST_DAY <= parsed <= today:
        first, last = (f"{d:%b %d, %Y}" for d in (FIRST_DAY, today))
        raise BadQueryError(f"Date must be between {first} and {last}.")
    return parsed
