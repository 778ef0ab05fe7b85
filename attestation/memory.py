"""What the verifier remembers: verified tokens, and message signatures already seen."""

from typing import Generic, Protocol, TypeVar

from cachetools import LRUCache, TLRUCache

from attestation.claims import Clock
from attestation.request_errors import ReplayError, ReplayStoreFullError

K = TypeVar("K")
V = TypeVar("V")

MAX_SEEN = 100_000
"""Over 1,500 signed requests per second, where a signature is good for about a minute."""


class BoundedMemory(Generic[K, V]):
    """Keeps at most so many entries; the least recently used leaves first."""

    def __init__(self, size: int) -> None:
        self._entries: LRUCache[K, V] = LRUCache(size)

    def find(self, key: K) -> V | None:
        """Give what is kept under *key*."""
        return self._entries.get(key)

    def keep(self, key: K, value: V) -> None:
        """Keep *value*."""
        self._entries[key] = value


class ReplayStore(Protocol):
    """Remembers message signatures for as long as they are valid."""

    async def admit(self, signature: bytes, until: float) -> bool:
        """Remember *signature* until Unix time *until*.

        Returns:
            Whether it is certain that it comes for the first time: of several processes that each
            know only what they have seen themselves, none can say that.

        Raises:
            ReplayError: it is remembered already.
            ReplayStoreFullError: that cannot be known. A store that fails must fail closed.
        """


class ProcessReplayStore:
    """Signatures seen by this process, since it started."""

    def __init__(self, clock: Clock, size: int = MAX_SEEN) -> None:
        self._clock = clock
        self._latest = 0.0
        self._seen: TLRUCache[bytes, float] = TLRUCache(
            size, ttu=lambda _signature, until, _now: until, timer=self._time
        )

    async def admit(self, signature: bytes, until: float) -> bool:
        """Remember *signature*; see `ReplayStore`."""
        if signature in self._seen or until <= self._time():
            # By a clock that was set back, what is forgotten already would pass as new.
            raise ReplayError("the signature has been seen before, or may have been")
        self._seen.expire()
        if self._seen.currsize >= self._seen.maxsize:
            raise ReplayStoreFullError("the store of seen signatures is full")
        self._seen[signature] = until
        return True

    def _time(self) -> float:
        """Never go back: what has been forgotten as expired must not become new again."""
        self._latest = max(self._latest, self._clock())
        return self._latest
