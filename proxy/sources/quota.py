"""What NASA grants to one key, and what of it is kept for the latest picture.

NASA's gateway tells in `X-RateLimit-Limit` and `X-RateLimit-Remaining` how many calls an hour it
grants and how many are left, over all its APIs and all holders of the key, and answers 429 with
`Retry-After` once there are none. How many it grants has changed often, so it is only ever read.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from edge import metrics
from edge.link import CLOCKS_SECONDS
from proxy.errors import SourceQuotaError
from proxy.freshness import DAY, MINUTE, Clock
from proxy.sources.headers import retry_after, whole_number

RESERVE = 60
"""Calls kept for the latest picture: it costs up to one a minute while it is due."""

RESERVED_SHARE = 5
"""Of a small quota, as that of a demonstration key, no more than a fifth is kept."""

READING_SECONDS = 5 * MINUTE
"""How long a reading is believed. The hour rolls on, so that later more may be left."""

PAUSE_SECONDS = MINUTE
"""After a 429 that does not say how long."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What NASA said, less the calls made since."""

    limit: int
    remaining: int
    at: float


@dataclass(frozen=True, slots=True)
class Stop:
    """A time in which NASA wants no call, as Unix times."""

    since: float
    until: float


class Standing(NamedTuple):
    """How things stand with one key, as far as anybody has told."""

    reading: Reading | None = None
    stop: Stop | None = None


class Board(Protocol):
    """Where all processes with the same key see how things stand. Never fails."""

    async def read(self, account: str) -> Standing | None:
        """Give what was posted last; what cannot be read is not there. None: nobody can tell."""

    def post(self, account: str, told: Reading | Stop) -> None:
        """Let all know. Waits for nothing."""


class NoBoard:
    """There is no other process."""

    async def read(self, account: str) -> None:
        """Know nothing."""

    def post(self, account: str, told: Reading | Stop) -> None:
        """Tell nobody."""


class Quota:
    """Decides whether a call may be made, by what NASA has said of the calls before."""

    def __init__(self, source: str, clock: Clock, board: Board = NoBoard()) -> None:  # noqa: B008  (has no state)
        self._source = source
        self._account = source
        self._clock = clock
        self._board = board
        self._reading: Reading | None = None
        self._stop: Stop | None = None
        self._told_stop: Stop | None = None

    def use(self, account: str) -> None:
        """Begin anew with the key that is called *account*: NASA grants it calls of its own."""
        self._account = f"{self._source}:{account}"
        self._reading = self._stop = self._told_stop = None

    async def learn(self) -> None:
        """See what other processes have been told, before `admit`."""
        account = self._account
        told, now = await self._board.read(account), self._clock()
        if account != self._account:
            return
        if told is None:
            return
        self._told_stop = _credible(told.stop, now)
        stops = (stop for stop in (self._stop, self._told_stop) if stop)
        stopped_at = max((stop.since for stop in stops), default=0.0)
        own, reading = self._reading, told.reading
        if own and own.at <= stopped_at:
            self._reading = own = replace(own, at=stopped_at - READING_SECONDS)
        newest = max(own.at if own else 0.0, stopped_at)
        if reading and newest < reading.at <= now + CLOCKS_SECONDS:
            self._reading = replace(reading, at=min(reading.at, now))

    def admit(self, *, is_latest: bool = False) -> str:
        """Let a call go ahead, or not; give what it is counted by, for `note`.

        Args:
            is_latest: whether it is for the latest picture, for which some calls are kept.

        Raises:
            SourceQuotaError: NASA would refuse it, or it would use up what is kept.
        """
        now = self._clock()
        for stop in (self._stop, self._told_stop):
            if stop and stop.since <= now < stop.until:
                seconds = max(1, math.ceil(stop.until - now))
                raise SourceQuotaError("the quota is used up", retry_after_seconds=seconds)
        if self._reading is None or is_latest:
            return self._account
        if not self._reading.at <= now < self._reading.at + READING_SECONDS:
            self._reading = replace(self._reading, at=now)  # this one call brings a new reading
            return self._account
        if self._reading.remaining <= min(RESERVE, self._reading.limit // RESERVED_SHARE):
            raise SourceQuotaError("what is left of the quota is kept for the latest picture")
        self._reading = replace(self._reading, remaining=self._reading.remaining - 1)
        return self._account

    def note(self, status: int, headers: Mapping[str, str], admitted: str | None = None) -> None:
        """Take note of what an answer says, unless its call was *admitted* for a former key."""
        if admitted not in {None, self._account}:
            return
        now = self._clock()
        limit = whole_number(headers.get("X-RateLimit-Limit", ""))
        remaining = whole_number(headers.get("X-RateLimit-Remaining", ""))
        if limit is not None and remaining is not None:
            self._reading = Reading(limit, remaining, now)
            if status != 429:  # then the stop says more, and longer than a reading is believed
                self._board.post(self._account, self._reading)
            metrics.show_nasa_quota(self._source, remaining)
        elif status == 200:
            self._reading = None  # NASA no longer tells
        if status == 429:
            self._stop_calls(now, retry_after(headers) or PAUSE_SECONDS)

    def _stop_calls(self, now: float, seconds: float) -> None:
        """Let nobody through for so long, and then one, whose answer tells how things stand."""
        is_stopped = self._stop is not None and self._stop.since <= now < self._stop.until
        until = max(self._stop.until, now + seconds) if self._stop and is_stopped else now + seconds
        self._stop = Stop(now, until)
        limit = self._reading.limit if self._reading else 0
        self._reading = Reading(limit, 0, now - READING_SECONDS)
        self._board.post(self._account, self._stop)


def _credible(stop: Stop | None, now: float) -> Stop | None:
    """Give a stop that can be: no longer than a day, and begun by now, give or take a clock."""
    if stop is None or stop.since > now + CLOCKS_SECONDS or stop.until - stop.since > DAY:
        return None
    return replace(stop, since=min(stop.since, now))
