import asyncio
import gc
import weakref

import pytest
from pydantic import SecretStr

from secrets_service import vault as module
from secrets_service.catalog import Version
from secrets_service.errors import SourceError
from secrets_service.vault import RETRY_SECONDS, Vault
from standin.calendar import SettableClock

HOLD, STALE = 300, 3600


class Place:
    """A source whose value, mood and speed a test sets; it counts the readings."""

    def __init__(self) -> None:
        self.value = "first"
        self.is_down = False
        self.readings = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def read(self) -> SecretStr:
        """Answer as set."""
        self.readings += 1
        await self.may_answer.wait()
        if self.is_down:
            raise SourceError("it is down")
        return SecretStr(self.value)


@pytest.fixture
def place() -> Place:
    """Be up."""
    return Place()


@pytest.fixture
def version(place: Place) -> Version:
    """Be a version whose value lies there."""
    return Version("1", "test:place", place)


@pytest.fixture
def vault(clock: SettableClock) -> Vault:
    """Hold nothing."""
    return Vault(clock, hold_seconds=HOLD, stale_seconds=STALE)


async def reveal(vault: Vault, version: Version) -> str:
    """Give the value."""
    return (await vault.value(version)).get_secret_value()


async def test_once(vault: Vault, place: Place, version: Version) -> None:
    """Of fifty who ask at once, one asks the source."""
    place.may_answer.clear()
    asking = [asyncio.create_task(reveal(vault, version)) for _ in range(50)]
    await asyncio.sleep(0)
    place.may_answer.set()
    assert set(await asyncio.gather(*asking)) == {"first"}
    assert place.readings == 1


async def test_held(vault: Vault, place: Place, version: Version, clock: SettableClock) -> None:
    """A value is given out unasked for its time, then asked for again."""
    await reveal(vault, version)
    place.value = "second"
    clock.advance(seconds=HOLD - 1)
    assert await reveal(vault, version) == "first"
    clock.advance(seconds=1)
    assert await reveal(vault, version) == "second"
    assert place.readings == 2


async def test_down(vault: Vault, place: Place, version: Version, clock: SettableClock) -> None:
    """While its source is down the last good value is given out, for a bounded time."""
    await reveal(vault, version)
    place.is_down = True
    for _ in range(3):
        clock.advance(seconds=HOLD)
        assert await reveal(vault, version) == "first"
    clock.advance(seconds=STALE)
    with pytest.raises(SourceError):
        await reveal(vault, version)
    place.is_down = False
    assert await reveal(vault, version) == "first"


async def test_left_alone(
    vault: Vault, place: Place, version: Version, clock: SettableClock
) -> None:
    """A source that failed is not asked for each request."""
    await reveal(vault, version)
    place.is_down = True
    clock.advance(seconds=HOLD)
    for _ in range(5):
        await reveal(vault, version)
    assert place.readings == 2
    clock.advance(seconds=RETRY_SECONDS)
    await reveal(vault, version)
    assert place.readings == 3


async def test_cold_and_down(vault: Vault, place: Place, version: Version) -> None:
    """With nothing held there is nothing to give, and nothing of the failure is kept."""
    place.is_down = True
    with pytest.raises(SourceError):
        await reveal(vault, version)
    place.is_down = False
    assert await reveal(vault, version) == "first"


async def test_slow(
    vault: Vault, place: Place, version: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that does not answer is given up."""
    monkeypatch.setattr(module, "READ_SECONDS", 0.01)
    place.may_answer.clear()
    with pytest.raises(SourceError, match="too long"):
        await reveal(vault, version)


async def test_clock_set_back(
    vault: Vault, place: Place, version: Version, clock: SettableClock
) -> None:
    """A value from the future is not trusted to be fresh."""
    await reveal(vault, version)
    clock.advance(days=-1)
    place.value = "second"
    assert await reveal(vault, version) == "second"


async def test_forgotten(vault: Vault, version: Version) -> None:
    """A value that has been rotated out is held by nothing of ours any more."""
    value = weakref.ref(await vault.value(version))
    await asyncio.sleep(0)  # the flight lands
    other = Version("2", "test:other", Place())
    vault.keep_only([version])
    gc.collect()
    assert value() is not None
    vault.keep_only([other])
    gc.collect()
    assert value() is None


async def test_same_origin(vault: Vault, place: Place, version: Version) -> None:
    """A version that a reload has made anew is the same, so that its held value outlasts it."""
    await reveal(vault, version)
    again = Version(version.name, version.origin, Place())
    vault.keep_only([again])
    assert await reveal(vault, again) == "first"
    assert place.readings == 1


async def test_forgotten_at_the_end(vault: Vault, version: Version) -> None:
    """So it is with all of them when the service ends."""
    value = weakref.ref(await vault.value(version))
    await asyncio.sleep(0)  # the flight lands
    await vault.aclose()
    gc.collect()
    assert value() is None
