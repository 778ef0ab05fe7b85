"""How something missing or old is renewed: by what other processes have, else by asking NASA.

Of all processes one asks; see `proxy.turns`. What comes is kept here and where the others look.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, timedelta
from functools import partial
from typing import Literal, NamedTuple

from edge.link import BUDGET_SECONDS, budget
from proxy import freshness
from proxy.cache import ApodCache
from proxy.errors import NoRecordError, SourceError, SourceInvalidError, SourceTimeoutError
from proxy.held import Held
from proxy.records import Record
from proxy.sources.source import Fetched, Source
from proxy.store import NoStore, Store
from proxy.turns import NoTurns, Turns, tell

MAX_PARALLEL_CALLS = 12
MAX_PARALLEL_RANGES = 8
"""Calls of NASA under way at once, for single records and for ranges, which are slow and must not
keep the others waiting; together no more than the client has connections."""

WAIT_SECONDS = 9.5
"""For other processes: as long as a call of NASA takes at most, and less than a request has."""

MAX_TURNS = 10
"""After so many turns of others of which nothing has come, nobody is believed any more."""


class Shared(NamedTuple):
    """What the processes of one service share; one that is alone shares nothing."""

    store: Store = NoStore()
    turns: Turns = NoTurns()


class Renewed(NamedTuple):
    """What is held now, and how it came.

    `hit`, another process had it; `miss`, NASA was asked; `collapsed`, another process asked.
    """

    held: Held
    how: Literal["hit", "miss", "collapsed"]


class Came(NamedTuple):
    """What came of a window: what is held now, and what kept the rest from coming."""

    held: dict[date | None, Held]
    failure: SourceError | None = None


class Renewal:
    """Renews what a cache holds."""

    def __init__(
        self, source: Source, cache: ApodCache, *, clock: freshness.Clock, shared: Shared
    ) -> None:
        self._source = source
        self._cache = cache
        self._clock = clock
        self._store, self._turns = shared
        self._calls = asyncio.Semaphore(MAX_PARALLEL_CALLS)
        self._range_calls = asyncio.Semaphore(MAX_PARALLEL_RANGES)

    def due(self, days: Sequence[date]) -> list[date]:
        """Give those of *days* that are missing or too old."""
        now = self._clock()
        held = ((day, self._cache.find(day)) for day in days)
        return [day for day, one in held if one is None or one.is_due(now)]

    async def look_up(self, days: Sequence[date | None]) -> None:
        """Take over what other processes have of *days*."""
        for day, given in (await self._store.find(days)).items():
            self._cache.adopt(day, given)

    async def one(self, day: date | None) -> Renewed:
        """Renew the record of *day*, or the latest (None).

        Raises:
            SourceError: NASA failed, or the process that asked did not come to an end.
        """
        end = asyncio.get_running_loop().time() + WAIT_SECONDS
        for turn in range(MAX_TURNS):
            with budget(BUDGET_SECONDS):  # anew after each wait, which is another process's time
                if held := await self._shared(day):
                    return Renewed(held, "collapsed" if turn else "hit")
                if asyncio.get_running_loop().time() >= end:
                    raise SourceTimeoutError("another process did not get it in time")
                if renewed := await self._turn(day):
                    return renewed
        return await self._one(day)

    async def _turn(self, day: date | None) -> Renewed | None:
        """Ask, unless another process is asking; then wait for it."""
        try:
            return await self._turns.once(
                _name(day), partial(self._one, day), partial(self._keep_one, day)
            )
        except SourceError:
            self._cache.postpone(day)
            raise

    async def window(self, start: date, end: date) -> None:
        """Renew what is missing or old of the days from *start* to *end*.

        Raises:
            SourceError: NASA failed at some of them; the rest has come.
        """
        days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
        name = f"{_name(start)}/{_name(end)}"
        last = asyncio.get_running_loop().time() + WAIT_SECONDS
        for _ in range(MAX_TURNS):
            if not (wanted := self.due(days)):
                return
            if asyncio.get_running_loop().time() >= last:
                raise SourceTimeoutError("another process did not get it in time")
            with budget(BUDGET_SECONDS):
                try:
                    came = await self._turns.once(
                        name, partial(self._window, days), self._keep_window
                    )
                except SourceError:
                    await self.look_up(wanted)
                    raise
                if came is None:
                    await self.look_up(wanted)
                elif came.failure:
                    raise came.failure
                else:
                    return
        if (came := await self._window(days)).failure:
            raise came.failure

    async def _shared(self, day: date | None) -> Held | None:
        """Give what another process has got, if it is still good."""
        await self.look_up([day])
        held, now = self._cache.find(day), self._clock()
        return held if held and not held.is_due(now) and held.is_worth_serving(now) else None

    async def _one(self, day: date | None) -> Renewed:
        if held := await self._shared(day):  # it came between the look and the turn
            return Renewed(held, "hit")
        return Renewed(await self._ask(day), "miss")

    async def _keep_one(self, day: date | None, renewed: Renewed) -> str | None:
        """Let other processes have what NASA gave, under its own date as well."""
        if renewed.how == "miss":
            own = renewed.held.day
            of_day = self._cache.find(own)
            await self._store.keep({day: renewed.held, **({own: of_day} if of_day else {})})
        return None

    async def _ask(self, day: date | None) -> Held:
        """Ask the source and hold what it says, unless what is held is better."""
        began = self._clock()
        newest = freshness.today(began)
        try:
            async with self._calls:
                began = self._clock()
                record = await self._source.fetch(day, newest=newest)
            self._check_progress(day, record, newest)
        except NoRecordError as nothing:
            held = self._cache.find(day)
            if held is None or held.record is None:
                return self._cache.store_gap(nothing.day, began)
            self._cache.postpone(day)
            raise SourceInvalidError("the source has lost a record it once gave") from None
        except Exception:
            self._cache.postpone(day)
            raise
        return self._cache.store_record(day, record, began)

    async def _window(self, days: Sequence[date]) -> Came:
        """Ask the source for a window of days and hold what it says of each."""
        async with self._range_calls:
            # While this call waited for its turn, another may have brought some of it.
            if wanted := self.due(days):
                await self.look_up(wanted)
            if not (wanted := self.due(days)):
                return Came({})
            days = [day for day in days if wanted[0] <= day <= wanted[-1]]
            began = self._clock()
            try:
                fetched = await self._source.fetch_range(days[0], days[-1])
            except Exception:
                for day in days:
                    self._cache.postpone(day)
                raise
        return Came(self._hold(days, fetched, began), fetched.failure)

    async def _keep_window(self, came: Came) -> str | None:
        """Let other processes have what came."""
        gaps = freshness.PERMANENT_GAPS
        await self._store.keep({day: one for day, one in came.held.items() if day not in gaps})
        return tell(came.failure) if came.failure else None

    def _hold(
        self, days: Sequence[date], fetched: Fetched, fetched_at: float
    ) -> dict[date | None, Held]:
        """Hold what came of *days*, and give it."""
        came = {record.day: record for record in fetched.records}
        new: dict[date | None, Held] = {}
        for day in days:
            held = self._cache.find(day)
            if day in came:
                new[day] = self._cache.store_record(day, came[day], fetched_at)
            elif held and held.record:
                self._cache.postpone(day)
            elif fetched.failure is None:
                new[day] = self._cache.store_gap(day, fetched_at)
        return new

    def _check_progress(self, day: date | None, record: Record, newest: date) -> None:
        """Refuse a latest record that is older than the one before."""
        held = self._cache.find(day)
        if day is None and held and record.day < held.day <= newest:
            raise SourceInvalidError("the latest record is older than the one before")


def _name(day: date | None) -> str:
    return "latest" if day is None else day.isoformat()
