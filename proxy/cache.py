"""What this process holds: for each day a record, or the knowledge that NASA has none.

The key None stands for "the latest", which has a short life of its own but shares its record with
the day it belongs to.
"""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from cachetools import TLRUCache

from proxy import freshness
from proxy.held import Given, Held
from proxy.records import Record

MAX_HELD = 20_000
"""Every day until the year 2050, at about 2 kB each."""

JITTER = 0.1
"""By how much of its lifetime a record may be renewed early, so that many are not due at once."""

POSTPONE_SECONDS = 60
"""How long a held record is left alone after NASA failed to renew it."""


class ApodCache:
    """Bounded, least recently used out first."""

    def __init__(
        self,
        clock: freshness.Clock,
        *,
        stale_seconds: int,
        chance: random.Random,
        changed: Callable[[date | None], None] = lambda _: None,
    ) -> None:
        """Make an empty one.

        Args:
            clock: the present.
            stale_seconds: how long past its lifetime something is kept, in case NASA fails.
            chance: spreads the renewals.
            changed: is told of each day, and of the latest (None), when it is not what it was.
        """
        self._clock = clock
        self._stale_seconds = stale_seconds
        self._chance = chance
        self._changed = changed
        self._held: TLRUCache[date | None, Held] = TLRUCache(
            maxsize=MAX_HELD, ttu=lambda _key, held, _now: held.usable_until, timer=clock
        )

    def find(self, day: date | None) -> Held | None:
        """Give what is held for *day*, fresh or stale."""
        if day in freshness.PERMANENT_GAPS:
            return self._make("nothing", day, None)
        return self._held.get(day)

    def store_record(
        self, asked: date | None, record: Record, fetched_at: float | None = None
    ) -> Held:
        """Keep what NASA answered when *asked* for a day, or for the latest (None).

        Args:
            asked: the day, or None.
            record: the answer.
            fetched_at: when NASA gave it, if not now.
        """
        of_day = self._make("record", record.day, record, fetched_at)
        if self._is_newer(record.day, of_day):
            self._put(record.day, of_day)
        latest = self._held.get(None)
        if asked is None:
            latest = self._make("latest", record.day, record, fetched_at)
            self._put(None, latest)
            return latest
        if latest and latest.day == record.day:
            self._put(None, replace(latest, record=record))
        return of_day

    def store_gap(self, day: date, fetched_at: float | None = None) -> Held:
        """Keep that NASA has nothing for *day*."""
        held = self._make("nothing", day, None, fetched_at)
        self._put(day, held)
        return held

    def adopt(self, asked: date | None, given: Given) -> None:
        """Keep what NASA gave another process, unless something newer is held.

        As with what NASA gives this one, a record is not given up for there being none.
        """
        held = self._held.get(asked)
        if held and (held.fetched_at >= given.fetched_at or (held.record and not given.record)):
            return
        if given.record is None:
            self.store_gap(given.day, given.fetched_at)
        elif not (asked is None and held and given.day < held.day):
            self.store_record(asked, given.record, given.fetched_at)

    def postpone(self, day: date | None) -> None:
        """Leave what is held for *day* alone for a while, since NASA could not renew it."""
        held, now = self._held.get(day), self._clock()
        if held:
            planned = held.refresh_at if held.fetched_at <= now else 0
            self._put(day, replace(held, refresh_at=max(planned, now + POSTPONE_SECONDS)))

    def _put(self, day: date | None, held: Held) -> None:
        self._held[day] = held
        self._changed(day)

    def _is_newer(self, day: date, one: Held) -> bool:
        held = self._held.get(day)
        return held is None or held.fetched_at <= one.fetched_at or held.fetched_at > self._clock()

    def _make(
        self,
        outcome: freshness.Outcome,
        day: date,
        record: Record | None,
        fetched_at: float | None = None,
    ) -> Held:
        now = self._clock() if fetched_at is None else fetched_at
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
