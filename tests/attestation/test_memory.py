import pytest

from attestation.memory import BoundedMemory, ProcessReplayStore
from attestation.request_errors import ReplayError, ReplayStoreFullError
from standin.calendar import SettableClock


def test_bounded() -> None:
    """Memory has a bound; the least recently used entry leaves first."""
    memory: BoundedMemory[str, int] = BoundedMemory(2)
    memory.keep("a", 1)
    memory.keep("b", 2)
    assert memory.find("a") == 1
    memory.keep("c", 3)
    assert (memory.find("a"), memory.find("b"), memory.find("c")) == (1, None, 3)


async def test_first(clock: SettableClock) -> None:
    """A signature is new once, until it would be refused for its age anyway."""
    store = ProcessReplayStore(clock)
    await store.admit(b"one", clock.now + 10)
    with pytest.raises(ReplayError):
        await store.admit(b"one", clock.now + 10)
    await store.admit(b"two", clock.now + 10)
    clock.advance(seconds=9.9)
    with pytest.raises(ReplayError):
        await store.admit(b"one", clock.now + 10)
    clock.advance(seconds=0.1)
    await store.admit(b"one", clock.now + 10)


async def test_clock_set_back(clock: SettableClock) -> None:
    """What has been forgotten as expired does not become new by the clock's going back."""
    store = ProcessReplayStore(clock)
    await store.admit(b"one", clock.now + 10)
    clock.advance(seconds=60)
    await store.admit(b"two", clock.now + 10)
    clock.advance(seconds=-60)
    with pytest.raises(ReplayError):
        await store.admit(b"one", clock.now + 10)
    await store.admit(b"three", clock.now + 100)
    with pytest.raises(ReplayError):
        await store.admit(b"three", clock.now + 100)


async def test_share(clock: SettableClock) -> None:
    """One device cannot use up the place of all; it has its own again as signatures expire."""
    store = ProcessReplayStore(clock, share=2)
    await store.admit(b"one", clock.now + 1, b"device")
    await store.admit(b"two", clock.now + 10, b"device")
    with pytest.raises(ReplayStoreFullError):
        await store.admit(b"three", clock.now + 10, b"device")
    await store.admit(b"three", clock.now + 10, b"another")
    clock.advance(seconds=1)
    await store.admit(b"four", clock.now + 10, b"device")
    with pytest.raises(ReplayStoreFullError):
        await store.admit(b"five", clock.now + 10, b"device")
    for number in range(5):  # whoever has no name shares the whole place
        await store.admit(b"nobody's %d" % number, clock.now + 10)


async def test_full(clock: SettableClock) -> None:
    """A full store refuses rather than forgets, and recovers as signatures expire."""
    store = ProcessReplayStore(clock, size=2)
    await store.admit(b"one", clock.now + 1)
    await store.admit(b"two", clock.now + 10)
    with pytest.raises(ReplayStoreFullError):
        await store.admit(b"three", clock.now + 10)
    with pytest.raises(ReplayError):
        await store.admit(b"two", clock.now + 10)
    clock.advance(seconds=1)
    await store.admit(b"three", clock.now + 10)
