"""How often something may happen. The only module that imports `limits`.

Counted in fixed windows, which begin for each client at a time of its own, so that not all come
back at once. Counters lie in Redis, if there is one, and in this process while it cannot be used.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from cachetools import FIFOCache
from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage

from edge.link import Link, RedisUnusableError, StrangeReplyError

PREFIX = "astropiks:1:limit"

MAX_COUNTERS = 100_000
"""In memory, at about 600 bytes each; whose window began longest ago is forgotten first."""

Clock = Callable[[], float]


class Usage(NamedTuple):
    """How much of a rate somebody has used.

    Attributes:
        limit: how often in a window.
        window_seconds: its length.
        used: how often it was in this one, this time included.
        reset_seconds: until the next window begins, at least 1.
    """

    limit: int
    window_seconds: int
    used: int
    reset_seconds: int

    @property
    def is_over(self) -> bool:
        """Whether this time was too often."""
        return self.used > self.limit

    @property
    def remaining(self) -> int:
        """How often it may still happen in this window."""
        return max(0, self.limit - self.used)


@dataclass(slots=True)
class _Window:
    """One client's present window, and how often it was in it by what this process knows.

    Attributes:
        limit: how often in it.
        seconds: its length.
        key: names it in Redis.
        begin: Unix time in seconds.
        end: likewise, of the next one's beginning.
        used: how often it was.
    """

    limit: int
    seconds: int
    key: str
    begin: float
    end: float
    used: int = 0

    def usage(self, used: int, now: float) -> Usage:
        """Tell of it, if it was *used* so often by now."""
        return Usage(self.limit, self.seconds, used, max(1, math.ceil(self.end - now)))


class SharedCounters:
    """Counters in Redis, of all processes."""

    def __init__(self, link: Link) -> None:
        self._link = link
        # The pool has the address: of the one given here only the scheme is looked at. And the
        # library's types do not know the option that its documentation names.
        options: dict[str, Any] = {"connection_pool": link.pool}
        self._storage = RedisStorage(
            "async+redis://", implementation="redispy", key_prefix=PREFIX, **options
        )

    async def incr(self, key: str, expiry: int) -> int:
        """Count once more under *key*, which is forgotten after *expiry* seconds.

        Raises:
            RedisUnusableError: that cannot be done.
        """

        async def incr(_: object) -> int:
            used: object = await self._storage.incr(key, expiry)
            if not isinstance(used, int) or used < 1:
                raise StrangeReplyError
            return used

        return await self._link.call(incr, "limits")


class Limiter:
    """Counts what happens."""

    def __init__(self, clock: Clock, link: Link | None = None) -> None:
        """Count by *clock*; in Redis too, if there is a *link* to it."""
        self._clock = clock
        self._windows: FIFOCache[tuple[str, ...], _Window] = FIFOCache(MAX_COUNTERS)
        self._shared = SharedCounters(link) if link else None

    @property
    def is_shared(self) -> bool:
        """Whether counting means to ask Redis."""
        return self._shared is not None

    async def count(self, rate: str, *who: str) -> Usage:
        """Count one event of *who*, who may do it at that *rate*."""
        if self._shared is None:
            return self.count_here(rate, *who)
        now = self._clock()
        window = self._window(rate, who, now)
        try:
            used = await self._shared.incr(window.key, window.seconds)
        except RedisUnusableError:
            return self.count_here(rate, *who)
        return window.usage(used, now)

    def count_here(self, rate: str, *who: str) -> Usage:
        """Count likewise, in this process alone."""
        now = self._clock()
        window = self._window(rate, who, now)
        window.used += 1
        return window.usage(window.used, now)

    def _window(self, rate: str, who: tuple[str, ...], now: float) -> _Window:
        name = (rate, *who)
        window = self._windows.get(name)
        if window is None or not window.begin <= now < window.end:
            self._windows.pop(name, None)  # so that it joins the end of the queue
            self._windows[name] = window = _begin(rate, who, now)
        return window


def _begin(rate: str, who: tuple[str, ...], now: float) -> _Window:
    """Give the window of *who* at that time, which is the same in every process."""
    item = _item(rate)
    seconds = item.get_expiry()
    digest = blake2b("\0".join(who).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    number, passed = divmod(now + int.from_bytes(digest[:4]) % seconds, seconds)
    key, begin = item.key_for(digest.hex(), f"{number:.0f}"), now - passed
    return _Window(item.amount, seconds, key, begin, begin + seconds)


@lru_cache(maxsize=1000)
def _item(rate: str) -> RateLimitItem:
    return parse(rate)
