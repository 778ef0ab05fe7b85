"""What the verifier remembers: verified tokens, and message signatures already seen."""

from collections import Counter
from typing import Generic, NamedTuple, Protocol, TypeVar

from cachetools import LRUCache, TLRUCache

from attestation.claims import Clock
from attestation.request_errors import ReplayError, ReplayStoreFullError

K = TypeVar("K")
V = TypeVar("V")

MAX_SEEN = 100_000
"""Over 1,500 signed requests per second, where a signature is good for about a minute."""

MAX_OF_ONE = 2_000
"""Of these by one device, which has not been asked yet how often it may: it must not use up all."""


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

    async def admit(self, signature: bytes, until: float, signer: bytes = b"") -> bool:
        """Remember *signature* of *signer*, if it has a name, until Unix time *until*.

        Returns:
            Whether it is certain that it comes for the first time: of several processes that each
            know only what they have seen themselves, none can say that.

        Raises:
            ReplayError: it is remembered already.
            ReplayStoreFullError: that cannot be known, or *signer* has had its share of the place.
                A store that fails must fail closed.
        """


class _Seen(NamedTuple):
    until: float
    signer: bytes


class ProcessReplayStore:
    """Signatures seen by this process, since it started."""

    def __init__(self, clock: Clock, size: int = MAX_SEEN, share: int = MAX_OF_ONE) -> None:
        self._clock = clock
        self._latest = 0.0
        self._share = share
        self._seen: TLRUCache[bytes, _Seen] = TLRUCache(
            size, ttu=lambda _signature, seen, _now: seen.until, timer=self._time
        )
        self._of_signer: Counter[bytes] = Counter()

    async def admit(self, signature: bytes, until: float, signer: bytes = b"") -> bool:
        """Remember *signature*; see `ReplayStore`."""
        with self._seen.timer as now:  # one time for all of it: what expires is counted off here
            if signature in self._seen or until <= now:
                # By a clock that was set back, what is forgotten already would pass as new.
                raise ReplayError("the signature has been seen before, or may have been")
            self._forget(now)
            if self._seen.currsize >= self._seen.maxsize:
                raise ReplayStoreFullError("the store of seen signatures is full")
            if signer and self._of_signer[signer] >= self._share:
                raise ReplayStoreFullError("so many signatures of one device are remembered")
            self._seen[signature] = _Seen(until, signer)
            self._of_signer[signer] += 1
        return True

    def _forget(self, now: float) -> None:
        """Let go of what is no longer valid."""
        for _, seen in self._seen.expire(now):
            self._of_signer[seen.signer] -= 1
            if not self._of_signer[seen.signer]:
                del self._of_signer[seen.signer]

    def _time(self) -> float:
        """Never go back: what has been forgotten as expired must not become new again."""
        self._latest = max(self._latest, self._clock())
        return self._latest
