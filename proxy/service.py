"""The pipeline: cache, then single flight, then NASA."""

import asyncio
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Literal, Protocol

from attestation.token import Clock
from proxy import freshness
from proxy.cache import ApodCache, Held
from proxy.errors import NoRecordError, SourceError, SourceInvalidError
from proxy.flight import SingleFlight
from proxy.query import ApodQuery
from proxy.records import Record

CacheResult = Literal["hit", "stale", "miss", "collapsed"]


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
        cache: `hit`; `stale`, a hit past its lifetime; `miss`; `collapsed`, a miss of another's.
        age: seconds since NASA gave it.
        lifetime: seconds for which it is or was fresh, from then on.
    """

    record: Record
    cache: CacheResult
    age: int
    lifetime: int


class ApodService:
    """Answers queries from what is held, and sees to it that NASA is asked as little as can be."""

    def __init__(self, source: Source, *, clock: Clock) -> None:
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
        if held and now < held.refresh_at:
            return self._from_cache(held)
        task, joined = self._flight.join(query.day, partial(self._refresh, query.day))
        if held and now < held.fresh_until + held.lifetime:
            return self._from_cache(held)  # it goes out at once, the next caller gets the new one
        try:
            fetched = await asyncio.shield(task)
        except SourceError:
            if held is None:
                raise
            return self._from_cache(held)
        return self._answer(fetched, "collapsed" if joined else "miss")

    async def aclose(self) -> None:
        """Give up what is under way."""
        await self._flight.aclose()

    async def _refresh(self, day: date | None) -> Held:
        """Ask the source and keep what it says."""
        try:
            record = await self._source.fetch(day, newest=freshness.today(self._clock()))
        except NoRecordError as nothing:
            if self._cache.find(day):
                self._cache.postpone(day)
                raise SourceInvalidError("the source has lost a record it once gave") from None
            return self._cache.store_gap(nothing.day)
        except SourceError:
            self._cache.postpone(day)
            raise
        return self._cache.store_record(day, record)

    def _from_cache(self, held: Held) -> Answer:
        return self._answer(held, "hit" if self._clock() < held.fresh_until else "stale")

    def _answer(self, held: Held, cache: CacheResult) -> Answer:
        if held.record is None:
            raise NoRecordError(held.day)
        age = max(0, int(self._clock() - held.fetched_at))
        return Answer(record=held.record, cache=cache, age=age, lifetime=held.lifetime)
