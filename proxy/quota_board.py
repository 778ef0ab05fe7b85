"""How things stand with NASA's quota, for all processes to see, in Redis."""

import asyncio
import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, TypeVar

from edge.link import Link, RedisUnusableError, StrangeReplyError, in_background
from proxy.freshness import DAY, Clock
from proxy.sources.quota import READING_SECONDS, Reading, Standing, Stop

PREFIX = "astropiks:1:quota:"

MAX_BYTES = 1000

T = TypeVar("T")


class RedisBoard:
    """For each account one value for the last reading, and one for a stop while there is one."""

    def __init__(self, link: Link, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._posting: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Wait until all is posted."""
        await asyncio.gather(*self._posting, return_exceptions=True)

    async def read(self, account: str) -> Standing | None:
        """Give what was posted last, as far as it is as we write it; None, if nobody can tell."""
        keys = [_key(account, Reading), _key(account, Stop)]

        async def values(redis: Any) -> list[object]:  # noqa: ANN401
            found: object = await redis.mget(keys)
            if isinstance(found, list) and len(found) == len(keys):
                return found
            raise StrangeReplyError

        try:
            reading, stop = await self._link.call(values)
        except RedisUnusableError:
            return None
        return Standing(_read(reading, _reading), _read(stop, _stop))

    def post(self, account: str, told: Reading | Stop) -> None:
        """Write it, for as long as it means something."""
        now = self._clock()
        seconds = READING_SECONDS if isinstance(told, Reading) else told.until - now
        milliseconds = math.ceil(1000 * min(DAY, max(0.001, seconds)))
        task = asyncio.create_task(self._write(_key(account, type(told)), told, milliseconds))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    async def _write(self, key: str, told: Reading | Stop, milliseconds: int) -> None:
        value = json.dumps(asdict(told))
        try:
            with in_background():
                await self._link.call(lambda redis: redis.set(key, value, px=milliseconds))
        except RedisUnusableError:
            return


def _key(account: str, kind: type[Reading] | type[Stop]) -> str:
    return f"{PREFIX}{account}:{kind.__name__.lower()}"


def _read(value: object, make: Callable[[Any], T]) -> T | None:
    if not isinstance(value, bytes) or len(value) > MAX_BYTES:
        return None
    try:
        return make(json.loads(value))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def _reading(told: Any) -> Reading:  # noqa: ANN401
    return Reading(_calls(told["limit"]), _calls(told["remaining"]), _time(told["at"]))


def _stop(told: Any) -> Stop:  # noqa: ANN401
    return Stop(_time(told["since"]), _time(told["until"]))


def _calls(told: object) -> int:
    if not isinstance(told, int) or isinstance(told, bool) or told < 0:
        raise TypeError
    return told


def _time(told: object) -> float:
    if not isinstance(told, int | float) or isinstance(told, bool) or not math.isfinite(told):
        raise TypeError
    return float(told)
