"""What the service has or can get: the cache, then one renewal for each missing thing."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Literal, NamedTuple

from edge.flight import SingleFlight
from proxy import freshness
from proxy.cache import ApodCache
from proxy.errors import SourceError, SourceInvalidError
from proxy.held import Held
from proxy.renewal import Renewal, Renewed, Shared
from proxy.sources.source import Source

CacheResult = Literal[
    "hit", "stale-while-revalidate", "stale-if-error", "miss", "refreshed", "collapsed"
]

PATIENCE_SECONDS = 1.0
"""How long a request waits for a new record while an old one is at hand."""

LATEST_DAYS_BACK = 30
"""How old a record may be that stands in for the latest while NASA is down."""


class Found(NamedTuple):
    """Something held, and how it was come by.

    `hit`, here or in what all processes share; `stale-while-revalidate`, past its lifetime while
    NASA is being asked (RFC 5861); `stale-if-error`, because NASA failed; `miss`; `refreshed`,
    where an old record was at hand; `collapsed`, a miss that another caller's request to NASA
    served, perhaps in another process.
    """

    held: Held
    how: CacheResult


class Holdings:
    """Gives records, and sees to it that NASA is asked as little as can be."""

    def __init__(
        self,
        source: Source,
        *,
        clock: freshness.Clock,
        stale_seconds: int = 30 * freshness.DAY,
        chance: random.Random | None = None,
        shared: Shared = Shared(),  # noqa: B008  (a frozen value)
        changed: Callable[[date | None], None] = lambda _: None,
    ) -> None:
        """Hold nothing yet.

        Args:
            source: where records come from.
            clock: the present.
            stale_seconds: see `ApodCache`.
            chance: likewise.
            shared: what other processes know and do.
            changed: see `ApodCache`.
        """
        self._max_days = source.max_days
        self._clock = clock
        chance = chance or random.Random()  # noqa: S311  (times, not secrets)
        self._cache = ApodCache(clock, stale_seconds=stale_seconds, chance=chance, changed=changed)
        self._renewal = Renewal(source, self._cache, clock=clock, shared=shared)
        self._flights: SingleFlight[date | None, Renewed] = SingleFlight()
        self._range_flights: SingleFlight[tuple[date, date], None] = SingleFlight()
        self._lookups: SingleFlight[tuple[date, ...], None] = SingleFlight()

    async def aclose(self) -> None:
        """Give up what is under way."""
        await self._flights.aclose()
        await self._range_flights.aclose()
        await self._lookups.aclose()

    def peek(self, day: date) -> Found | None:
        """Give what is held for *day*, without asking anybody."""
        held = self._cache.find(day)
        return self._from_cache(held) if held else None

    async def get(self, day: date | None) -> Found:
        """Give what NASA has for *day*, or the latest (None).

        Raises:
            SourceError: NASA failed, and nothing is held that could be served instead.
        """
        now = self._clock()
        held = self._cache.find(day)
        if held and not held.is_due(now) and held.is_worth_serving(now):
            return self._from_cache(held)
        task, joined = self._flights.join(day, partial(self._renewal.one, day))
        if held and held.record:
            if not held.may_go_out_at_once(now):
                await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
            return self._newest(task, day, held)
        await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
        if not task.done() and (old := self._cache.find(day)) and old.record:
            return self._from_cache(old)  # other processes had it
        try:
            renewed = await asyncio.shield(task)
        except SourceError:
            # Meanwhile the record may have come as the latest, or as a dated one.
            held = self._cache.find(day)
            if held is not None and held.is_worth_serving(self._clock()):
                return self._from_cache(held)
            newest = self._newest_dated() if day is None else None
            if newest is None:
                raise
            return Found(newest, "stale-if-error")
        is_asked = joined and renewed.how == "miss"
        return Found(renewed.held, "collapsed" if is_asked else renewed.how)

    async def get_days(self, days: Sequence[date]) -> list[Found]:
        """Give what NASA has for each of *days*, which ascend.

        What is missing is asked for in few, long calls; what is old may be served as it is.

        Raises:
            SourceError: NASA failed, and for some day nothing is held.
        """
        before = {day: self._cache.find(day) for day in days}
        if wanted := self._renewal.due(days):
            lookup, _ = self._lookups.join(tuple(wanted), partial(self._renewal.look_up, wanted))
            await asyncio.shield(lookup)
            before = {day: self._cache.find(day) or held for day, held in before.items()}
        flights = [
            self._range_flights.join(window, partial(self._renewal.window, *window))[0]
            for window in windows(self._renewal.due(days), self._max_days)
        ]
        await self._wait_for(flights, list(before.values()))
        # What was held when the question came is good enough, even if its time ran out meanwhile.
        found = [(day, self._cache.find(day) or before[day]) for day in days]
        if any(held is None for _, held in found):
            raise next(_failures(flights), SourceInvalidError("NASA left out days that it has"))
        return [
            Found(held, "miss") if _is_newer(held, before[day]) else self._from_cache(held)
            for day, held in found
            if held is not None
        ]

    async def warm(self, count: int, done: Callable[[int], None] = lambda _: None) -> None:
        """Get the last *count* days, newest first, and tell how many are *done* each time.

        Raises:
            SourceError: NASA failed at some of them; the rest has come.
        """
        today = freshness.today(self._clock())
        days = [today - timedelta(days=n) for n in reversed(range(count))]
        size = self._max_days
        failure: SourceError | None = None
        for end in range(count, 0, -size):
            window = days[max(0, end - size) : end]
            try:
                await self.get_days(window)
            except SourceError as error:
                failure = failure or error
            done(len(window))
        if failure:
            raise failure

    async def _wait_for(
        self, flights: Sequence[asyncio.Task[None]], before: Sequence[Held | None]
    ) -> None:
        """Wait for what is missing; for what is merely old a moment, or not at all."""
        now = self._clock()
        if not flights or all(held and held.may_go_out_at_once(now) for held in before):
            return
        is_missing = any(held is None for held in before)
        await asyncio.wait(flights, timeout=None if is_missing else PATIENCE_SECONDS)

    def _newest(self, task: asyncio.Task[Renewed], day: date | None, held: Held) -> Found:
        """Give the new record if it has come, else the one at hand."""
        if task.done() and not task.cancelled() and task.exception() is None:
            renewed = task.result()
            return Found(renewed.held, "hit" if renewed.how == "hit" else "refreshed")
        return self._from_cache(self._cache.find(day) or held)

    def _newest_dated(self) -> Held | None:
        """Give the newest record held under its own date, for when the latest is unknown."""
        today = freshness.today(self._clock())
        days = (today - timedelta(days=n) for n in range(LATEST_DAYS_BACK))
        held = (self._cache.find(day) for day in days)
        return next((one for one in held if one and one.record), None)

    def _from_cache(self, held: Held) -> Found:
        now = self._clock()
        if held.is_fresh(now):
            return Found(held, "hit")
        return Found(held, "stale-while-revalidate" if held.is_due(now) else "stale-if-error")


def _failures(flights: Sequence[asyncio.Task[None]]) -> Iterator[BaseException]:
    """Give what the flights that have ended failed with."""
    ended = (task for task in flights if task.done() and not task.cancelled())
    yield from (error for task in ended if (error := task.exception()))


def _is_newer(held: Held, before: Held | None) -> bool:
    if held.day in freshness.PERMANENT_GAPS:
        return False
    return before is None or held.fetched_at != before.fetched_at


def windows(days: Sequence[date], size: int) -> list[tuple[date, date]]:
    """Cover ascending *days* with as few windows of at most *size* days as there can be."""
    covered: list[tuple[date, date]] = []
    for day in days:
        if covered and (day - covered[-1][0]).days < size:
            covered[-1] = (covered[-1][0], day)
        else:
            covered.append((day, day))
    return covered
