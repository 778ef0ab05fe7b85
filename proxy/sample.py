"""Random days of the archive, at a bounded price in calls of NASA."""

import asyncio
import random
from contextlib import suppress
from datetime import date, timedelta
from itertools import islice

from proxy.errors import SourceError, SourceInvalidError
from proxy.freshness import PERMANENT_GAPS
from proxy.holdings import Found, Holdings
from proxy.records import FIRST_DAY

MAX_CALLS = 10
"""Of NASA, for one request."""

SPARE = 20
"""Days drawn besides, in place of those that turn out to have no picture."""

NEIGHBORHOOD_DAYS = 12
"""Days on either side of a drawn one that come with it in one call."""


async def draw(
    holdings: Holdings, count: int, *, today: date, chance: random.Random
) -> list[Found]:
    """Give *count* records of different days, in random order.

    The days are drawn evenly over the archive. Where more of them are missing than NASA may be
    asked for, some come with their neighbours, and the rest is drawn from all that is then held.

    Raises:
        SourceError: NASA failed, and too little is held.
    """
    drawn = _some(count + SPARE, today, chance)
    fresh = {day for day in drawn if holdings.peek(day) is None}
    missing = [day for day in drawn[:count] if day in fresh]
    wide = NEIGHBORHOOD_DAYS if len(missing) > MAX_CALLS else 0
    asked = missing[:MAX_CALLS]
    outcomes = await asyncio.gather(
        *(holdings.get_days(_around(day, wide, today)) for day in asked), return_exceptions=True
    )
    found = _held(holdings, drawn, count)
    for day in drawn[count : count + MAX_CALLS - len(asked)]:
        if len(found) == count:
            break
        with suppress(SourceError):
            await holdings.get_days([day])
        found = _held(holdings, drawn, count)
    if len(found) < count:
        everything = _some((today - FIRST_DAY).days + 1, today, chance)
        rest = (day for day in everything if day not in drawn)
        found = _held(holdings, [*drawn, *rest], count)
    if len(found) < count:
        failures = (one for one in outcomes if isinstance(one, SourceError))
        raise next(failures, SourceInvalidError("NASA has too few records for that count"))
    return [one._replace(how="miss") if one.held.day in fresh else one for one in found]


def _some(count: int, today: date, chance: random.Random) -> list[date]:
    """Draw so many different days of the archive."""
    span = (today - FIRST_DAY).days + 1
    days = (FIRST_DAY + timedelta(days=n) for n in chance.sample(range(span), min(count, span)))
    return [day for day in days if day not in PERMANENT_GAPS]


def _held(holdings: Holdings, days: list[date], count: int) -> list[Found]:
    """Give the first *count* records that are held, in the order of *days*."""
    found = map(holdings.peek, days)
    return list(islice((one for one in found if one and one.held.record), count))


def _around(day: date, wide: int, today: date) -> list[date]:
    first, last = max(FIRST_DAY, day - timedelta(days=wide)), min(today, day + timedelta(days=wide))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
