"""The pipeline: cache, then single flight, then NASA."""

import asyncio
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Literal, Protocol

from proxy import freshness
from proxy.cache import ApodCache, Held
from proxy.errors import NoRecordError, SourceError, SourceInvalidError
from proxy.flight import SingleFlight
from proxy.query import ApodQuery
from proxy.records import Record

CacheResult = Literal["hit", "stale", "miss", "refreshed", "collapsed"]

PATIENCE_SECONDS = 1.0
"""How long a request waits for a new record while an old one is at hand."""


class Source(Protocol):
    """Something that has v1 records."""

    async def fetch(self, day: date | None, *, newest: date) -> Record:
        """Give the record of *day*, or the latest (None), none of them later than *newest*.

        Raises:
            NoRecordError: there is none for that day.
            SourceError: the source failed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A record and how it was come by.

    Attributes:
        record: what NASA gave.
        cache: `hit`; `stale`, a hit past its lifetime; `miss`; `refreshed`, where an old record was
            at hand; `collapsed`, a miss that another caller's request to NASA served.
        age: seconds since NASA gave it.
        lifetime: seconds for which it is or was fresh, from then on.
    """

    record: Record
    cache: CacheResult
    age: int
    lifetime: int


class ApodService:
    """Answers queries from what is held, and sees to it that NASA is asked as little as can be."""

    def __init__(self, source: Source, *, clock: freshness.Clock) -> None:
        self._source = source
        self._clock = clock
        self._cache = ApodCache(clock)
        self._flight: SingleFlight[date | None, Held] = SingleFlight()

    async def answer(self, query: ApodQuery) -> Answer:
        """Give the record that *query* asks for.

        Raises:
            NoRecordError: NASA has none.
            SourceError: NASA failed, and nothing is held that could be served instead.
        """
        now = self._clock()
        held = self._cache.find(query.day)
        if held and not held.is_due(now):
            return self._from_cache(held)
        task, joined = self._flight.join(query.day, partial(self._refresh, query.day))
        if held and held.record:
            if not held.may_go_out_at_once(now):
                await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
            return self._newest(task, held)
        try:
            fetched = await asyncio.shield(task)
        except SourceError:
            # Meanwhile the record may have come as the latest, or as a dated one.
            held = self._cache.find(query.day)
            if held is None:
                raise
            return self._from_cache(held)
        return self._answer(fetched, "collapsed" if joined else "miss")

    async def aclose(self) -> None:
        """Give up what is under way."""
        await self._flight.aclose()

    async def _refresh(self, day: date | None) -> Held:
        """Ask the source and keep what it says, unless what is held is better."""
        newest = freshness.today(self._clock())
        try:
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

    def _check_progress(self, day: date | None, record: Record, newest: date) -> None:
        """Refuse a latest record that is older than the one before."""
        held = self._cache.find(day)
        if day is None and held and record.day < held.day <= newest:
            raise SourceInvalidError("the latest record is older than the one before")

    def _newest(self, task: asyncio.Task[Held], held: Held) -> Answer:
        """Answer with the new record if it has come, else with the one at hand."""
        if task.done() and not task.cancelled() and task.exception() is None:
            return self._answer(task.result(), "refreshed")
        return self._from_cache(held)

    def _from_cache(self, held: Held) -> Answer:
        is_fresh = held.fetched_at <= self._clock() < held.fresh_until
        return self._answer(held, "hit" if is_fresh else "stale")

    def _answer(self, held: Held, cache: CacheResult) -> Answer:
        if held.record is None:
            raise NoRecordError(held.day)
        age = max(0, int(self._clock() - held.fetched_at))
        return Answer(record=held.record, cache=cache, age=age, lifetime=held.lifetime)
