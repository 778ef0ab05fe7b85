"""How long an answer is good. Pure: dates and times in, seconds out.

NASA sends no Cache-Control, ETag or Expires, so the service sets the lifetimes. They follow what
was measured of APOD: a new picture shortly after midnight in New York (04:05 or 05:05 UTC),
sometimes hours late; one record in eleven corrected, nearly always within a day; then never again.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

Clock = Callable[[], float]
"""Gives the present as Unix time in seconds."""

Outcome = Literal["latest", "record", "nothing"]

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

PERMANENT_GAPS = frozenset(
    {date(1995, 6, 17), date(1995, 6, 18), date(1995, 6, 19), date(2020, 6, 10)}
)
"""The only days without a picture that nobody will fill in: NASA is never asked about them."""

NEW_YORK = ZoneInfo("America/New_York")

PUBLICATION_BEGINS, PUBLICATION_ENDS = time(4), time(6)
"""UTC hours in which the day's picture appears, in summer and in winter."""


def today(now: float) -> date:
    """Give the date in UTC at Unix time *now*, which is NASA's idea of today."""
    return datetime.fromtimestamp(now, UTC).date()


def latest_published(now: float) -> date:
    """Give the date whose picture is out by now if all is well: five past midnight, New York."""
    local = datetime.fromtimestamp(now, NEW_YORK) - timedelta(minutes=5)
    return local.date()


def lifetime(outcome: Outcome, day: date, now: float) -> int:
    """Give the seconds for which an answer is good.

    Args:
        outcome: what NASA answered: `latest` is the pointer from "the latest" to *day*, `record`
            the record of *day*, and `nothing` that there is none.
        day: the day it is about.
        now: when NASA said so, Unix time in seconds.
    """
    match outcome:
        case "latest":
            return _until_the_next_is_due(now)
        case "record":
            # Corrections come early or never.
            age = now - datetime.combine(day, time(), UTC).timestamp()
            return HOUR if age < 48 * HOUR else 30 * DAY
        case "nothing":
            # Today's picture may be late; a past one was filled in weeks later.
            return 5 * MINUTE if day >= today(now) else 6 * HOUR


def _until_the_next_is_due(now: float) -> int:
    """Ten minutes, or to 04:00 UTC; a minute from then to 06:00."""
    moment = datetime.fromtimestamp(now, UTC)
    if PUBLICATION_BEGINS <= moment.time() < PUBLICATION_ENDS:
        return MINUTE
    begins = datetime.combine(moment.date(), PUBLICATION_BEGINS, UTC)
    if begins <= moment:
        begins += timedelta(days=1)
    return max(MINUTE, min(10 * MINUTE, int((begins - moment).total_seconds())))
