"""What the verifier remembers: verified tokens, and message signatures already seen."""

from typing import Generic, Protocol, TypeVar

from cachetools import LRUCache, TLRUCache

from attestation.claims import Clock

K = TypeVar("K")
V = TypeVar("V")

MAX_SEEN = 100_000
"""Signatures within their validity of about a minute: over 1,000 requests per second."""


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

    def is_first(self, signature: bytes, until: float) -> bool:
        """Tell whether *signature* is new, and remember it until Unix time *until*.

        False also where that cannot be known: a store that fails must fail closed.
        """


class ProcessReplayStore:
    """Signatures seen by this process."""

    def __init__(self, clock: Clock, size: int = MAX_SEEN) -> None:
        self._seen: TLRUCache[bytes, float] = TLRUCache(
            size, ttu=lambda _signature, until, _now: until, timer=clock
        )

    def is_first(self, signature: bytes, until: float) -> bool:
        """Tell whether *signature* is new; a full store refuses, for it must not forget."""
        self._seen.expire()
        if signature in self._seen or self._seen.currsize >= self._seen.maxsize:
            return False
        self._seen[signature] = until
        return True
