"""What NASA grants to one key, and what of it is kept for the latest picture.

NASA's gateway tells in `X-RateLimit-Limit` and `X-RateLimit-Remaining` how many calls an hour it
grants and how many are left, over all its APIs and all holders of the key, and answers 429 with
`Retry-After` once there are none. How many it grants has changed often, so it is only ever read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from edge import metrics
from proxy.errors import SourceQuotaError
from proxy.freshness import MINUTE, Clock
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


class Quota:
    """Decides whether a call may be made, by what NASA has said of the calls before."""

    def __init__(self, source: str, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._reading: Reading | None = None
        self._stopped_at = 0.0
        self._stopped_until = 0.0

    def admit(self, *, is_latest: bool = False) -> None:
        """Let a call go ahead, or not.

        Args:
            is_latest: whether it is for the latest picture, for which some calls are kept.

        Raises:
            SourceQuotaError: NASA would refuse it, or it would use up what is kept.
        """
        now = self._clock()
        if self._stopped_at <= now < self._stopped_until:
            seconds = max(1, int(self._stopped_until - now))
            raise SourceQuotaError("the quota is used up", retry_after_seconds=seconds)
        if self._reading is None or is_latest:
            return
        if not self._reading.at <= now < self._reading.at + READING_SECONDS:
            self._reading = replace(self._reading, at=now)  # this one call brings a new reading
            return
        if self._reading.remaining <= min(RESERVE, self._reading.limit // RESERVED_SHARE):
            raise SourceQuotaError("what is left of the quota is kept for the latest picture")
        self._reading = replace(self._reading, remaining=self._reading.remaining - 1)

    def note(self, status: int, headers: Mapping[str, str]) -> None:
        """Take note of what an answer says."""
        now = self._clock()
        limit = whole_number(headers.get("X-RateLimit-Limit", ""))
        remaining = whole_number(headers.get("X-RateLimit-Remaining", ""))
        if limit is not None and remaining is not None:
            self._reading = Reading(limit, remaining, now)
            metrics.show_nasa_quota(self._source, remaining)
        elif status == 200:
            self._reading = None  # NASA no longer tells
        if status == 429:
            self._stop(now, retry_after(headers) or PAUSE_SECONDS)

    def _stop(self, now: float, seconds: float) -> None:
        """Let nobody through for so long, and then one, whose answer tells how things stand."""
        is_stopped = self._stopped_at <= now < self._stopped_until
        until = max(self._stopped_until, now + seconds) if is_stopped else now + seconds
        self._stopped_at, self._stopped_until = now, until
        limit = self._reading.limit if self._reading else 0
        self._reading = Reading(limit, 0, now - READING_SECONDS)
