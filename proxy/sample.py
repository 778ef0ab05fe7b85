"""Random days of the archive, at a bounded price in calls of NASA."""

import random
from datetime import date, timedelta
from itertools import islice

from proxy.errors import SourceError, SourceInvalidError
from proxy.freshness import PERMANENT_GAPS
from proxy.holdings import Found, Holdings
from proxy.records import FIRST_DAY

MAX_CALLS = 10
"""Of NASA, for one request."""

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
    days = [FIRST_DAY + timedelta(days=n) for n in range((today - FIRST_DAY).days + 1)]
    chance.shuffle(days)
    days = [day for day in days if day not in PERMANENT_GAPS]
    missing = [day for day in days[:count] if holdings.peek(day) is None]
    wide = NEIGHBORHOOD_DAYS if len(missing) > MAX_CALLS else 0
    failure: SourceError | None = None
    for calls, day in enumerate([*missing, *days[count:]][:MAX_CALLS]):
        # Beyond the missing days only if one of them had no picture, so that another has to do.
        if calls >= len(missing) and len(_held(holdings, days, count)) == count:
            break
        try:
            await holdings.get_days(_around(day, wide, today))
        except SourceError as error:
            failure = error
            break
    found = _held(holdings, days, count)
    if len(found) < count:
        raise failure or SourceInvalidError("NASA has too few records for that count")
    return found


def _held(holdings: Holdings, days: list[date], count: int) -> list[Found]:
    """Give the first *count* records that are held, in the order of *days*."""
    found = map(holdings.peek, days)
    return list(islice((one for one in found if one and one.held.record), count))


def _around(day: date, wide: int, today: date) -> list[date]:
    first, last = max(FIRST_DAY, day - timedelta(days=wide)), min(today, day + timedelta(days=wide))
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
