"""How often something may happen. The only module that imports `limits`.

Counted in fixed windows, which begin for each client at a time of its own, so that not all come
back at once. Counters lie in Redis, if there is one, and in this process while it cannot be used.
"""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from cachetools import FIFOCache
from limits import RateLimitItem, parse

from edge.link import Link, RedisUnusableError, StrangeReplyError

PREFIX = "astropiks:1:limit"

COUNT = """
local used = {}
for i, key in ipairs(KEYS) do
  used[i] = redis.call('INCR', key)
  if used[i] == 1 then redis.call('EXPIRE', key, ARGV[i]) end
end
return used
"""
"""Counts under each of KEYS, which leaves by itself after so many seconds as ARGV says."""

MAX_TOGETHER = 100
"""Counted by one command."""

MAX_COUNTERS = 100_000
"""In memory, at some 500 bytes each; whose window began longest ago is forgotten first."""

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
        key: names it in Redis, if there is one.
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


class _Count(NamedTuple):
    """One event that is to be counted, and how often it was then."""

    key: str
    seconds: int
    result: "asyncio.Future[int]"


class SharedCounters:
    """Counters in Redis, of all processes. What is counted in one turn of the loop goes at once."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: list[_Count] = []
        self._sending: set[asyncio.Task[None]] = set()

    async def incr(self, key: str, seconds: int) -> int:
        """Count once more under *key*, which is forgotten after so many *seconds*.

        Raises:
            RedisUnusableError: that cannot be done.
        """
        count = _Count(key, seconds, asyncio.get_running_loop().create_future())
        self._waiting.append(count)
        if len(self._waiting) == 1:
            task = asyncio.create_task(self._send())
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return await count.result

    async def _send(self) -> None:
        counts, self._waiting = self._waiting, []
        for start in range(0, len(counts), MAX_TOGETHER):
            await self._count(counts[start : start + MAX_TOGETHER])

    async def _count(self, counts: list["_Count"]) -> None:
        keys, seconds = [one.key for one in counts], [one.seconds for one in counts]

        async def count(redis: Any) -> list[int]:  # noqa: ANN401
            used: object = await redis.eval(COUNT, len(keys), *keys, *seconds)
            if isinstance(used, list) and len(used) == len(keys):
                numbers = [one for one in used if isinstance(one, int) and one > 0]
                if len(numbers) == len(keys):
                    return numbers
            raise StrangeReplyError

        try:
            found: list[int | None] = [*await self._link.call(count, "limits")]
        except RedisUnusableError:
            found = [None] * len(counts)
        for one, used in zip(counts, found, strict=True):
            if one.result.done():  # whoever waited for it has left
                continue
            if used is None:
                one.result.set_exception(RedisUnusableError())
            else:
                one.result.set_result(used)


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
            self._windows[name] = window = _begin(rate, who, now, is_shared=self.is_shared)
        return window


def _begin(rate: str, who: tuple[str, ...], now: float, *, is_shared: bool) -> _Window:
    """Give the window of *who* at that time, which is the same in every process."""
    item = _item(rate)
    seconds = item.get_expiry()
    digest = blake2b("\0".join(who).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    number, passed = divmod(now + int.from_bytes(digest[:4]) % seconds, seconds)
    key = f"{PREFIX}:{item.key_for(digest.hex(), f'{number:.0f}')}" if is_shared else ""
    begin = now - passed
    return _Window(item.amount, seconds, key, begin, begin + seconds)


@lru_cache(maxsize=1000)
def _item(rate: str) -> RateLimitItem:
    return parse(rate)
