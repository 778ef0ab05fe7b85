"""A circuit breaker: a source that fails is left alone for a while, then tried by one call."""

import math
from typing import NewType

from proxy.errors import SourceError, SourceRefusedError, SourceUnavailableError
from proxy.freshness import Clock

FAILURES_TO_OPEN = 3
"""In a row: one odd record must not cut off the rest of the archive."""

FIRST_PAUSE_SECONDS = 30
LONGEST_PAUSE_SECONDS = 600

Ticket = NewType("Ticket", int)
"""Names the spell in which a call was let through. What an older one tells no longer counts."""


class Breaker:
    """Decides whether a source may be asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._spell = Ticket(0)
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._opened_at = 0.0
        self._open_until: float | None = None
        self._is_probing = False

    @property
    def retry_after_seconds(self) -> int:
        """How long it will stay open, at least a second."""
        left = 0 if self._open_until is None else self._open_until - self._clock()
        return max(1, math.ceil(left))

    @property
    def is_open(self) -> bool:
        """Whether the source is set aside."""
        return self._open_until is not None

    def admit(self) -> Ticket | None:
        """Let a call through, or not; of an open breaker whose pause is over, one call."""
        if self._open_until is None:
            return self._spell
        is_pausing = self._opened_at <= self._clock() < self._open_until
        if self._is_probing or is_pausing:
            return None
        self._is_probing = True
        return self._spell

    def succeeded(self, ticket: Ticket) -> None:
        """Note an answer that could be used, or an honest "there is none"."""
        if ticket != self._spell:
            return
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._open_until = None
        self._is_probing = False

    def failed(self, ticket: Ticket, error: SourceError) -> None:
        """Note a failure."""
        asks_to_wait = isinstance(error, SourceUnavailableError | SourceRefusedError)
        if ticket != self._spell:
            if asks_to_wait and self._open_until is not None:
                self._open_until = max(self._open_until, self._clock() + self._wait(error))
            return
        self._failures += 1
        if self._is_probing or asks_to_wait or self._failures >= FAILURES_TO_OPEN:
            if self._is_probing:
                self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
            self._opened_at = self._clock()
            self._open_until = self._opened_at + self._wait(error)
            self._failures = 0
            self._is_probing = False
            self._spell = Ticket(self._spell + 1)

    def begin_anew(self) -> None:
        """Let calls through, since what made them fail is gone; what older ones tell is void."""
        self._spell = Ticket(self._spell + 1)
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._open_until = None
        self._is_probing = False

    def abandoned(self, ticket: Ticket) -> None:
        """Note that the call was given up before it told anything."""
        if ticket == self._spell:
            self._is_probing = False

    def _wait(self, error: SourceError) -> int:
        return error.retry_after_seconds or self._pause
