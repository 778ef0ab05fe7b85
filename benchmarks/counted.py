"""NASA and Redis as the simulation has them: in memory, in no time, and every use is counted."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from proxy.held import Given, Held
from proxy.records import Record
from proxy.sources.source import Fetched

T = TypeVar("T")

PUBLISHED = time(5, 5)
"""UTC, as in the winter of New York."""

INTERVAL = 10
"""Seconds over which a peak is the mean."""

TURNS_OF_THE_LOOP = 8
"""A call of NASA takes so many, in which other processes come and find it under way."""


class SimulatedClock:
    """The time of the simulation, in Unix seconds."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """Give it."""
        return self.now


class Tally:
    """What was used since a given time.

    Attributes:
        calls: calls of NASA by kind: `latest`, `day`, `range`.
        calls_by_hour: the same by hour.
        operations: commands to Redis, by interval.
    """

    def __init__(self, clock: SimulatedClock, since: float) -> None:
        self._clock = clock
        self._since = since
        self.calls: Counter[str] = Counter()
        self.calls_by_hour: Counter[int] = Counter()
        self.operations: Counter[int] = Counter()

    def call(self, kind: str) -> None:
        """Count a call of NASA."""
        if self._clock.now >= self._since:
            self.calls[kind] += 1
            self.calls_by_hour[int(self._clock.now // 3600)] += 1

    def redis(self, commands: int) -> None:
        """Count commands to Redis."""
        if self._clock.now >= self._since:
            self.operations[int(self._clock.now - self._since) // INTERVAL] += commands


class Nasa:
    """A source that is always well and has every day up to the latest."""

    max_days = 31

    def __init__(self, clock: SimulatedClock, tally: Tally) -> None:
        self._clock = clock
        self._tally = tally

    async def fetch(self, day: date | None, *, newest: date) -> Record:  # noqa: ARG002
        """Give a record; see `proxy.sources.source.Source`."""
        await self._work("latest" if day is None else "day")
        return _record(day or self._latest())

    async def fetch_range(self, start: date, end: date) -> Fetched:
        """Give a range; see `proxy.sources.source.Source`."""
        await self._work("range")
        last = min(end, self._latest())
        return Fetched([_record(start + timedelta(days=n)) for n in range((last - start).days + 1)])

    def _latest(self) -> date:
        now = datetime.fromtimestamp(self._clock.now, UTC)
        return now.date() - timedelta(days=now.time() < PUBLISHED)

    async def _work(self, kind: str) -> None:
        self._tally.call(kind)
        self._tally.redis(2)  # MGET and SET of how the quota stands
        for _ in range(TURNS_OF_THE_LOOP):
            await asyncio.sleep(0)


class SharedRecords:
    """A `proxy.store.Store` that counts what `RedisStore` would send."""

    def __init__(self, clock: SimulatedClock, tally: Tally) -> None:
        self._clock = clock
        self._tally = tally
        self._held: dict[date | None, Held] = {}

    async def find(self, days: Sequence[date | None]) -> Mapping[date | None, Given]:
        """One MGET."""
        self._tally.redis(1)
        found = ((day, self._held.get(day)) for day in days)
        return {
            day: Given(one.day, one.record, one.fetched_at)
            for day, one in found
            if one and one.usable_until > self._clock.now
        }

    async def keep(self, held: Mapping[date | None, Held]) -> None:
        """One script."""
        self._tally.redis(1)
        self._held.update(held)


class CountedTurns:
    """A `proxy.turns.Turns` that counts what `SharedFlight` would send.

    Calls are shorter than a second here, so that no lease has to be renewed.
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._under_way: dict[str, asyncio.Event] = {}

    async def once(
        self,
        name: str,
        work: Callable[[], Awaitable[T]],
        keep: Callable[[T], Awaitable[str | None]],
    ) -> T | None:
        """SET for the lease; then its release and PUBLISH, or PTTL and a wait."""
        self._tally.redis(1)
        if (other := self._under_way.get(name)) is not None:
            self._tally.redis(1)
            await other.wait()
            return None
        end = self._under_way[name] = asyncio.Event()
        try:
            result = await work()
            await keep(result)
            return result
        finally:
            del self._under_way[name]
            end.set()
            self._tally.redis(2)


def _record(day: date) -> Record:
    return Record(day, day.isoformat().encode(), f'"{day}"')
