"""Rates. The only module that imports `limits`."""

import math
import re
import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

RATE = re.compile(r"[1-9]\d{0,5}/(?:[1-9]\d{0,3} ?)?(?:second|minute|hour|day)s?")


def checked(text: str) -> str:
    """Demand one rate such as ``10/hour``.

    Raises:
        ValueError: it is none.
    """
    if not RATE.fullmatch(text):
        raise ValueError("wants a rate such as 10/hour")
    return text


class Limiter:
    """Counts what happens, within this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def admit(self, rate: str, *who: str) -> int | None:
        """Count one event of *who*, or give the seconds until there may be another."""
        item: RateLimitItem = parse(rate)
        if await self._limiter.hit(item, *who):
            return None
        stats = await self._limiter.get_window_stats(item, *who)
        return max(1, math.ceil(stats.reset_time - time.time()))
