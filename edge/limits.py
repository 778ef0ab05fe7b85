"""How often something may happen. The only module that imports `limits`.

Counted in fixed windows, which begin for each client at a time of its own, so that not all come
back at once. Counters lie in Redis, if there is one, and in this process while it cannot be used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Protocol

from cachetools import TLRUCache
from limits import RateLimitItem, parse
from limits.aio.storage import RedisStorage

from edge.redis_link import RedisLink, RedisUnusableError

PREFIX = "astropiks:1:limit"

MAX_COUNTERS = 200_000
"""In memory, at about 300 bytes each; the least recently used are forgotten first."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of a rate somebody has used.

    Attributes:
        limit: how often in a window.
        window_seconds: its length.
        count: how often it was in this one, this time included.
        reset_seconds: until the next window begins, at least 1.
    """

    limit: int
    window_seconds: int
    count: int
    reset_seconds: int

    @property
    def is_over(self) -> bool:
        """Whether this time was too often."""
        return self.count > self.limit

    @property
    def remaining(self) -> int:
        """How often it may still happen in this window."""
        return max(0, self.limit - self.count)


class Counters(Protocol):
    """Counts by key."""

    async def incr(self, key: str, expiry: int) -> int:
        """Count once more under *key*, which is forgotten after *expiry* seconds."""


class ProcessCounters:
    """Counters in this process."""

    def __init__(self, clock: Clock) -> None:
        self._counts: TLRUCache[str, tuple[int, float]] = TLRUCache(
            MAX_COUNTERS, ttu=lambda _key, entry, _now: entry[1], timer=clock
        )
        self._clock = clock

    async def incr(self, key: str, expiry: int) -> int:
        """Count; see `Counters`."""
        count, end = self._counts.get(key) or (0, self._clock() + expiry)
        self._counts[key] = (count + 1, end)
        return count + 1


class SharedCounters:
    """Counters in Redis, of all processes."""

    def __init__(self, link: RedisLink) -> None:
        self._link = link
        # The pool has the address: of the one given here only the scheme is looked at. And the
        # library's types do not know the option that its documentation names.
        options: dict[str, Any] = {"connection_pool": link.pool}
        self._storage = RedisStorage(
            "async+redis://", implementation="redispy", key_prefix=PREFIX, **options
        )

    async def incr(self, key: str, expiry: int) -> int:
        """Count; see `Counters`.

        Raises:
            RedisUnusableError: that cannot be done.
        """
        return await self._link.call(lambda _: self._storage.incr(key, expiry), "limits")


class Limiter:
    """Counts what happens."""

    def __init__(self, clock: Clock, link: RedisLink | None = None) -> None:
        """Count by *clock*; in Redis too, if there is a *link* to it."""
        self._clock = clock
        self._own = ProcessCounters(clock)
        self._shared = SharedCounters(link) if link else None

    async def count(self, rate: str, *who: str) -> Usage:
        """Count one event of *who*, who may do it at that *rate*."""
        item = _item(rate)
        window = item.get_expiry()
        digest = blake2b("\0".join(who).encode("utf-8", "surrogatepass"), digest_size=16).digest()
        number, passed = divmod(self._clock() + int.from_bytes(digest[:4]) % window, window)
        count = await self._incr(item.key_for(digest.hex(), f"{number:.0f}"), window)
        left = max(1, int(window - passed))
        return Usage(limit=item.amount, window_seconds=window, count=count, reset_seconds=left)

    async def _incr(self, key: str, window: int) -> int:
        if self._shared is not None:
            try:
                return await self._shared.incr(key, window)
            except RedisUnusableError:
                pass
        return await self._own.incr(key, window)


@lru_cache(maxsize=1000)
def _item(rate: str) -> RateLimitItem:
    return parse(rate)
