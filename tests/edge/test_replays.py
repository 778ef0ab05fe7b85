from collections.abc import AsyncIterator

import pytest

from attestation.request_errors import ReplayError
from edge.redis_link import RedisLink
from edge.replays import MEMORY, SEEN, YOUNG, SharedReplayStore
from standin.calendar import SettableClock
from tests.conftest import make_settings
from tests.redis_server import RedisServer


@pytest.fixture
async def link(redis: RedisServer) -> AsyncIterator[RedisLink]:
    """Be the way to a real Redis."""
    async with RedisLink(make_settings(redis_url=redis.url)).opened() as link:
        yield link


def remembered(clock: SettableClock, link: RedisLink, longest: float = 60) -> SharedReplayStore:
    """Be a process' store of signatures that are valid for a minute at most, or so long."""
    return SharedReplayStore(clock, link, longest)


def remembering(redis: RedisServer) -> None:
    """Let Redis have been there for longer than any signature is valid."""
    redis.client.set(MEMORY, "1")


async def test_other_process(clock: SettableClock, link: RedisLink, redis: RedisServer) -> None:
    """A signature that one process has seen is refused by the others, and after a restart."""
    remembering(redis)
    assert await remembered(clock, link).admit(b"one", clock.now + 60)
    with pytest.raises(ReplayError):
        await remembered(clock, link).admit(b"one", clock.now + 60)
    assert await remembered(clock, link).admit(b"two", clock.now + 60)


async def test_kept_long_enough(clock: SettableClock, link: RedisLink, redis: RedisServer) -> None:
    """It is remembered for as long as it is valid, and for clocks that differ; then it leaves."""
    await remembered(clock, link).admit(b"one", clock.now + 60)
    (key,) = redis.client.keys(f"{SEEN}*")
    assert 119 <= redis.client.ttl(key) <= 120
    assert b"one" not in key


async def test_lost_memory(clock: SettableClock, link: RedisLink, redis: RedisServer) -> None:
    """After Redis has lost what it knew, nothing is certain while that could still be valid."""
    remembering(redis)
    store = remembered(clock, link)
    assert await store.admit(b"one", clock.now + 60)
    redis.client.flushall()
    assert not await remembered(clock, link).admit(b"one", clock.now + 60)
    assert not await store.admit(b"two", clock.now + 60)
    assert 119 <= redis.client.ttl(YOUNG) <= 120
    redis.client.delete(YOUNG)  # as it leaves by itself
    assert await store.admit(b"three", clock.now + 60)


async def test_lost_longer_one(clock: SettableClock, link: RedisLink, redis: RedisServer) -> None:
    """That holds for the longest of what was lost, whatever comes first afterwards."""
    remembering(redis)
    store = remembered(clock, link, longest=3600)
    assert await store.admit(b"long", clock.now + 3600)
    redis.client.flushall()
    await store.admit(b"short", clock.now + 1)
    assert redis.client.ttl(YOUNG) > 3600


@pytest.mark.parametrize("trouble", ["stopped", "full"])
async def test_trouble(
    clock: SettableClock, link: RedisLink, redis: RedisServer, trouble: str
) -> None:
    """Without Redis nothing is certain; what this process has seen itself it still refuses."""
    remembering(redis)
    store = remembered(clock, link)
    assert await store.admit(b"before", clock.now + 60)
    redis.stop() if trouble == "stopped" else redis.client.config_set("maxmemory", "1")
    assert not await store.admit(b"one", clock.now + 60)
    for seen in (b"one", b"before"):
        with pytest.raises(ReplayError):
            await store.admit(seen, clock.now + 60)
