"""A circuit breaker: a source that fails is left alone for a while, then tried by one call."""

from proxy.errors import SourceError, SourceRefusedError, SourceUnavailableError
from proxy.freshness import Clock

FAILURES_TO_OPEN = 3
"""In a row: one odd record must not cut off the rest of the archive."""

FIRST_PAUSE_SECONDS = 30
LONGEST_PAUSE_SECONDS = 600


class Breaker:
    """Decides whether a source may be asked."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._open_until: float | None = None
        self._is_probing = False

    @property
    def retry_after_seconds(self) -> int:
        """How long it will stay open, at least a second."""
        left = 0 if self._open_until is None else self._open_until - self._clock()
        return max(1, int(left))

    @property
    def is_open(self) -> bool:
        """Whether the source is set aside."""
        return self._open_until is not None

    def admits(self) -> bool:
        """Tell whether to ask now; of an open breaker whose pause is over, one caller may."""
        if self._open_until is None:
            return True
        if self._is_probing or self._clock() < self._open_until:
            return False
        self._is_probing = True
        return True

    def succeeded(self) -> None:
        """Note an answer that could be used, or an honest "there is none"."""
        self._failures = 0
        self._pause = FIRST_PAUSE_SECONDS
        self._open_until = None
        self._is_probing = False

    def failed(self, error: SourceError) -> None:
        """Note a failure."""
        self._failures += 1
        asked_to_wait = isinstance(error, SourceUnavailableError | SourceRefusedError)
        if self._is_probing or asked_to_wait or self._failures >= FAILURES_TO_OPEN:
            self._open_until = self._clock() + (error.retry_after_seconds or self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        self._is_probing = False

    def abandoned(self) -> None:
        """Note that the call was given up before it told anything."""
        self._is_probing = False
