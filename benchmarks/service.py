"""The real `Holdings` of many processes, by the requests that matter and a simulated clock.

While a process holds a record that is not yet due, a request for it is answered from memory and
changes nothing. So of all requests for one thing in one process, only the first one after it has
become due is made here; when that comes is drawn from the rate of such requests. The rest, up to
100 million a day, are counted from their rate.
"""

import asyncio
import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Protocol

from benchmarks import phones
from benchmarks.counted import (
    TURNS_OF_THE_LOOP,
    CountedTurns,
    Nasa,
    SharedRecords,
    SimulatedClock,
    Tally,
)
from proxy.freshness import DAY, PERMANENT_GAPS, today
from proxy.holdings import Holdings
from proxy.records import FIRST_DAY
from proxy.renewal import Shared

START = date(2026, 1, 5)
GALLERY_DAYS = 30
"""The gallery asks for so many days up to today."""

NEWEST_OLD_DAY = START - timedelta(days=2 * GALLERY_DAYS)
"""Old pictures are at most so new: no gallery shows them."""

CALL_SECONDS = 0.5
"""How long a call of NASA takes: requests of other processes in that time wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to simulate.

    Attributes:
        openings: of the app, in a day.
        processes: which serve them in equal shares.
        is_shared: whether they have a Redis.
        warm_up: days before anything is counted.
        days: which are counted; as records live 30 days, so many see each renewed once.
        seed: of everything drawn.
    """

    openings: float
    processes: int
    is_shared: bool = True
    warm_up: int = 30
    days: int = 30
    seed: int = 1


class Wish(Protocol):
    """One thing that phones ask one process for."""

    @property
    def daily(self) -> float:
        """How often, in a day."""

    async def ask(self, now: float) -> float:
        """Ask, and give the time from which on it matters that somebody asks again."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of one day, or the latest (None)."""

    holdings: Holdings
    daily: float
    day: date | None

    async def ask(self, now: float) -> float:
        """Ask until the answer is no longer an old one that is just being renewed."""
        found = await self.holdings.get(self.day)
        while found.held.is_due(now):
            await _settle()
            found = await self.holdings.get(self.day)
        return found.held.refresh_at


@dataclass(frozen=True, slots=True)
class Gallery:
    """The pictures of the last days."""

    holdings: Holdings
    daily: float

    async def ask(self, now: float) -> float:
        """Ask likewise; at midnight the range becomes another one."""
        last = today(now)
        days = [last - timedelta(days=n) for n in reversed(range(GALLERY_DAYS))]
        found = await self.holdings.get_days(days)
        while any(one.held.is_due(now) for one in found):
            await _settle()
            found = await self.holdings.get_days(days)
        midnight = datetime.combine(last, time(), UTC).timestamp() + DAY
        return min(midnight, *(one.held.refresh_at for one in found))


@dataclass(slots=True)
class Service:
    """All processes, and the next time that each wish matters."""

    plan: Plan
    clock: SimulatedClock
    tally: Tally
    chance: random.Random
    _order: Iterator[int] = field(default_factory=count)
    _next: list[tuple[float, int, Wish]] = field(default_factory=list)
    _rates: phones.Openings = field(default_factory=phones.openings)

    async def run(self, end: float) -> None:
        """Let the time pass until *end*."""
        for wish in self._wishes():
            self._plan(wish, self.clock.now)
        while self._next and self._next[0][0] < end:
            await self._step()

    async def _step(self) -> None:
        """Ask for what is wanted next, and at once for all else that is while NASA works on it."""
        first = self._next[0][0]
        wishes = []
        while self._next and self._next[0][0] <= first + CALL_SECONDS:
            self.clock.now, _, wish = heapq.heappop(self._next)
            wishes.append(wish)
        due = await asyncio.gather(*(wish.ask(self.clock.now) for wish in wishes))
        for wish, time_due in zip(wishes, due, strict=True):
            self._plan(wish, time_due)

    def _plan(self, wish: Wish, after: float) -> None:
        at = self._rates.next(after, wish.daily, self.chance)
        heapq.heappush(self._next, (at, next(self._order), wish))

    def _wishes(self) -> list[Wish]:
        """Make the processes, and share the phones out."""
        shared = Shared()
        if self.plan.is_shared:
            shared = Shared(SharedRecords(self.clock, self.tally), CountedTurns(self.tally))
        source = Nasa(self.clock, self.tally)
        old = old_days(self.chance)
        share = self.plan.openings / self.plan.processes
        wishes: list[Wish] = []
        for _ in range(self.plan.processes):
            own = random.Random(self.chance.random())  # noqa: S311
            holdings = Holdings(source, clock=self.clock, chance=own, shared=shared)
            wishes.append(Picture(holdings, share, None))
            wishes.append(Gallery(holdings, share * phones.GALLERIES))
            wishes.extend(
                Picture(holdings, share * phones.OLD_DAYS * part, day) for day, part in old
            )
        return wishes


async def _settle() -> None:
    """Let what is under way go on."""
    for _ in range(2 * TURNS_OF_THE_LOOP):
        await asyncio.sleep(0)


def simulate(plan: Plan) -> Tally:
    """Run *plan*, and give what was used on the days that are counted."""
    begin = datetime.combine(START, time(), UTC).timestamp()
    clock = SimulatedClock(begin)
    tally = Tally(clock, begin + plan.warm_up * DAY)
    chance = random.Random(plan.seed)  # noqa: S311
    service = Service(plan, clock, tally, chance)
    asyncio.run(service.run(begin + (plan.warm_up + plan.days) * DAY))
    return tally


def old_days(chance: random.Random) -> list[tuple[date, float]]:
    """Give every old day with its share of the wishes for old pictures, in no order."""
    span = (NEWEST_OLD_DAY - FIRST_DAY).days + 1
    days = [FIRST_DAY + timedelta(days=n) for n in range(span)]
    days = [day for day in days if day not in PERMANENT_GAPS]
    chance.shuffle(days)
    return list(zip(days, phones.popularity(len(days)), strict=True))
