"""What the service has or can get: the cache, then one flight for each missing thing, then NASA."""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Literal, NamedTuple

from edge.flight import SingleFlight
from proxy import freshness
from proxy.cache import ApodCache, Held
from proxy.errors import NoRecordError, SourceError, SourceInvalidError
from proxy.records import Record
from proxy.sources.source import Fetched, Source

CacheResult = Literal[
    "hit", "stale-while-revalidate", "stale-if-error", "miss", "refreshed", "collapsed"
]

PATIENCE_SECONDS = 1.0
"""How long a request waits for a new record while an old one is at hand."""

MAX_PARALLEL_CALLS = 12
MAX_PARALLEL_RANGES = 8
"""Calls of NASA under way at once, for single records and for ranges, which are slow and must not
keep the others waiting; together no more than the client has connections."""


class Found(NamedTuple):
    """Something held, and how it was come by.

    `hit`; `stale-while-revalidate`, past its lifetime while NASA is being asked (RFC 5861);
    `stale-if-error`, because NASA failed; `miss`; `refreshed`, where an old record was at hand;
    `collapsed`, a miss that another caller's request to NASA served.
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
    ) -> None:
        """Hold nothing yet; the arguments are those of `ApodCache`, and where records come from."""
        self._source = source
        self._clock = clock
        chance = chance or random.Random()  # noqa: S311  (times, not secrets)
        self._cache = ApodCache(clock, stale_seconds=stale_seconds, chance=chance)
        self._flights: SingleFlight[date | None, Held] = SingleFlight()
        self._range_flights: SingleFlight[tuple[date, date], None] = SingleFlight()
        self._calls = asyncio.Semaphore(MAX_PARALLEL_CALLS)
        self._range_calls = asyncio.Semaphore(MAX_PARALLEL_RANGES)

    async def aclose(self) -> None:
        """Give up what is under way."""
        await self._flights.aclose()
        await self._range_flights.aclose()

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
        task, joined = self._flights.join(day, partial(self._refresh, day))
        if held and held.record:
            if not held.may_go_out_at_once(now):
                await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
            return self._newest(task, day, held)
        try:
            fetched = await asyncio.shield(task)
        except SourceError:
            # Meanwhile the record may have come as the latest, or as a dated one.
            held = self._cache.find(day)
            if held is None or not held.is_worth_serving(self._clock()):
                raise
            return self._from_cache(held)
        return Found(fetched, "collapsed" if joined else "miss")

    async def get_days(self, days: Sequence[date]) -> list[Found]:
        """Give what NASA has for each of *days*, which ascend.

        What is missing is asked for in few, long calls; what is old may be served as it is.

        Raises:
            SourceError: NASA failed, and for some day nothing is held.
        """
        now = self._clock()
        before = {day: self._cache.find(day) for day in days}
        wanted = [day for day, held in before.items() if held is None or held.is_due(now)]
        flights = [
            self._range_flights.join(window, partial(self._refresh_range, *window))[0]
            for window in windows(wanted, self._source.max_days)
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
        size = self._source.max_days
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

    async def _refresh(self, day: date | None) -> Held:
        """Ask the source and keep what it says, unless what is held is better."""
        newest = freshness.today(self._clock())
        try:
            async with self._calls:
                record = await self._source.fetch(day, newest=newest)
            self._check_progress(day, record, newest)
        except NoRecordError as nothing:
            held = self._cache.find(day)
            if held is None or held.record is None:
                return self._cache.store_gap(nothing.day)
            self._cache.postpone(day)
            raise SourceInvalidError("the source has lost a record it once gave") from None
        except Exception:
            self._cache.postpone(day)
            raise
        return self._cache.store_record(day, record)

    async def _refresh_range(self, start: date, end: date) -> None:
        """Ask the source for a window of days and keep what it says of each."""
        async with self._range_calls:
            now = self._clock()
            days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
            # While this call waited for its turn, another may have brought some of it.
            held = {day: self._cache.find(day) for day in days}
            wanted = [day for day, one in held.items() if one is None or one.is_due(now)]
            if not wanted:
                return
            days = [day for day in days if wanted[0] <= day <= wanted[-1]]
            try:
                fetched = await self._source.fetch_range(days[0], days[-1])
            except Exception:
                for day in days:
                    self._cache.postpone(day)
                raise
        self._keep_range(days, fetched)

    def _keep_range(self, days: Sequence[date], fetched: Fetched) -> None:
        came = {record.day: record for record in fetched.records}
        for day in days:
            held = self._cache.find(day)
            if day in came:
                self._cache.store_record(day, came[day])
            elif held and held.record:
                self._cache.postpone(day)
            elif fetched.failure is None:
                self._cache.store_gap(day)
        if fetched.failure:
            raise fetched.failure

    def _check_progress(self, day: date | None, record: Record, newest: date) -> None:
        """Refuse a latest record that is older than the one before."""
        held = self._cache.find(day)
        if day is None and held and record.day < held.day <= newest:
            raise SourceInvalidError("the latest record is older than the one before")

    def _newest(self, task: asyncio.Task[Held], day: date | None, held: Held) -> Found:
        """Give the new record if it has come, else the one at hand."""
        if task.done() and not task.cancelled() and task.exception() is None:
            return Found(task.result(), "refreshed")
        return self._from_cache(self._cache.find(day) or held)

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
