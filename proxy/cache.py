"""What this process holds: for each day a record, or the knowledge that NASA has none.

The key None stands for "the latest", which has a short life of its own but shares its record with
the day it belongs to.
"""

import random
from dataclasses import dataclass, replace
from datetime import date

from cachetools import TLRUCache

from proxy import freshness
from proxy.records import Record

MAX_HELD = 20_000
"""Every day until the year 2050, at about 2 kB each."""

JITTER = 0.1
"""By how much of its lifetime a record may be renewed early, so that many are not due at once."""

POSTPONE_SECONDS = 60
"""How long a held record is left alone after NASA failed to renew it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One answer of NASA's, with its times as Unix seconds.

    Attributes:
        day: the day it is about.
        record: the record, or None where NASA has nothing for that day.
        fetched_at: when NASA gave it.
        lifetime: seconds for which it is fresh.
        refresh_at: when to ask NASA again: a little before the end of its lifetime, or after it if
            NASA failed then.
        usable_until: when it is forgotten, past its lifetime.
    """

    day: date
    record: Record | None
    fetched_at: float
    lifetime: int
    refresh_at: float
    usable_until: float

    @property
    def fresh_until(self) -> float:
        """The end of its lifetime."""
        return self.fetched_at + self.lifetime

    def is_due(self, now: float) -> bool:
        """Tell whether to ask NASA again; also if the clock has been set back since."""
        return not self.fetched_at <= now < self.refresh_at

    def may_go_out_at_once(self, now: float) -> bool:
        """Tell whether it is still so young that the next caller may get the new one instead."""
        return self.fetched_at <= now < self.fresh_until + self.lifetime

    def is_fresh(self, now: float) -> bool:
        """Tell whether it is within its lifetime."""
        return self.fetched_at <= now < self.fresh_until

    def is_worth_serving(self, now: float) -> bool:
        """Tell whether it can stand alone: that NASA once had nothing says little later on."""
        return self.record is not None or self.is_fresh(now)


class ApodCache:
    """Bounded, least recently used out first."""

    def __init__(
        self, clock: freshness.Clock, *, stale_seconds: int, chance: random.Random
    ) -> None:
        """Make an empty one.

        Args:
            clock: the present.
            stale_seconds: how long past its lifetime something is kept, in case NASA fails.
            chance: spreads the renewals.
        """
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._chance = chance
        self._held: TLRUCache[date | None, Held] = TLRUCache(
            maxsize=MAX_HELD, ttu=lambda _key, held, _now: held.usable_until, timer=clock
        )

    def find(self, day: date | None) -> Held | None:
        """Give what is held for *day*, fresh or stale."""
        if day in freshness.PERMANENT_GAPS:
            return self._make("nothing", day, None)
        return self._held.get(day)

    def store_record(self, asked: date | None, record: Record) -> Held:
        """Keep what NASA answered when *asked* for a day, or for the latest (None)."""
        self._held[record.day] = of_day = self._make("record", record.day, record)
        if asked is None:
            self._held[None] = self._make("latest", record.day, record)
            return self._held[None]
        latest = self._held.get(None)
        if latest and latest.day == record.day:
            self._held[None] = replace(latest, record=record)
        return of_day

    def store_gap(self, day: date) -> Held:
        """Keep that NASA has nothing for *day*."""
        self._held[day] = held = self._make("nothing", day, None)
        return held

    def postpone(self, day: date | None) -> None:
        """Leave what is held for *day* alone for a while, since NASA could not renew it."""
        held, now = self._held.get(day), self._clock()
        if held:
            planned = held.refresh_at if held.fetched_at <= now else 0
            self._held[day] = replace(held, refresh_at=max(planned, now + POSTPONE_SECONDS))

    def _make(self, outcome: freshness.Outcome, day: date, record: Record | None) -> Held:
        now = self._clock()
        lifetime = freshness.lifetime(outcome, day, now)
        early = JITTER * self._chance.random() if record else 0.0
        return Held(
            day=day,
            record=record,
            fetched_at=now,
            lifetime=lifetime,
            refresh_at=now + lifetime * (1 - early),
            usable_until=now + lifetime + self._stale_seconds,
        )
