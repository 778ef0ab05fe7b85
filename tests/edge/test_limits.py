import asyncio
from collections.abc import AsyncIterator

import pytest

from edge.limits import Limiter
from edge.redis_link import RedisLink
from standin.calendar import SettableClock
from tests.conftest import make_settings
from tests.redis_server import RedisServer


@pytest.fixture
async def link(redis: RedisServer) -> AsyncIterator[RedisLink]:
    """Be the way to a real Redis."""
    async with RedisLink(make_settings(redis_url=redis.url)).opened() as link:
        yield link


@pytest.fixture(params=["memory", "redis"])
async def limiter(
    request: pytest.FixtureRequest, clock: SettableClock, redis: RedisServer
) -> AsyncIterator[Limiter]:
    """Count in this process, or in Redis."""
    if request.param == "memory":
        yield Limiter(clock)
        return
    async with RedisLink(make_settings(redis_url=redis.url)).opened() as link:
        yield Limiter(clock, link)


async def test_rate(limiter: Limiter) -> None:
    """So many are let through in a window, and each is told how many are left."""
    used = [await limiter.count("3/minute", "device", "a") for _ in range(5)]
    assert [usage.is_over for usage in used] == [False] * 3 + [True] * 2
    assert [usage.remaining for usage in used] == [2, 1, 0, 0, 0]
    assert {(usage.limit, usage.window_seconds) for usage in used} == {(3, 60)}


async def test_each_for_itself(limiter: Limiter) -> None:
    """Nobody is counted for somebody else, nor for another purpose, nor at another rate."""
    who = [("device", "a"), ("device", "b"), ("address", "a"), ("devicea",)]
    counts = [(await limiter.count("9/minute", *one)).used for one in who]
    counts.append((await limiter.count("8/minute", "device", "a")).used)
    assert counts == [1] * 5


async def test_reset(limiter: Limiter, clock: SettableClock) -> None:
    """After as many seconds as it says, and not before, the next window begins."""
    used = await limiter.count("1/hour", "device", "a")
    assert 1 <= used.reset_seconds <= 3600
    clock.advance(seconds=used.reset_seconds - 1)
    assert (await limiter.count("1/hour", "device", "a")).is_over
    clock.advance(seconds=1.5)
    assert not (await limiter.count("1/hour", "device", "a")).is_over


async def test_windows_are_spread(clock: SettableClock) -> None:
    """Not all devices may come back at the same moment."""
    limiter = Limiter(clock)
    resets = {(await limiter.count("1/minute", str(n))).reset_seconds for n in range(200)}
    assert len(resets) > 50


async def test_shared(clock: SettableClock, link: RedisLink) -> None:
    """What one process has counted, the others know."""
    first, second = Limiter(clock, link), Limiter(clock, link)
    await asyncio.gather(*(first.count("9/minute", "a") for _ in range(4)))
    assert (await second.count("9/minute", "a")).used == 5


async def test_together(clock: SettableClock, link: RedisLink, redis: RedisServer) -> None:
    """What is counted at the same time takes one command, and each gets its own count."""
    limiter = Limiter(clock, link)
    redis.client.config_resetstat()
    who = [str(n % 40) for n in range(80)]
    used = await asyncio.gather(*(limiter.count("9/minute", one) for one in who))
    assert [usage.used for usage in used] == [1] * 40 + [2] * 40
    assert redis.client.info("commandstats")["cmdstat_eval"]["calls"] == 1


async def test_one_leaves(clock: SettableClock, link: RedisLink) -> None:
    """One that is cancelled takes nobody's count away."""
    limiter = Limiter(clock, link)
    tasks = [asyncio.create_task(limiter.count("9/minute", str(n))) for n in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    used = await asyncio.gather(tasks[0], tasks[2])
    assert [usage.used for usage in used] == [1, 1]


async def test_left_by_itself(clock: SettableClock, link: RedisLink, redis: RedisServer) -> None:
    """Counters in Redis leave by themselves."""
    await Limiter(clock, link).count("9/minute", "a")
    keys = redis.client.keys("astropiks:1:limit*")
    assert [0 < redis.client.ttl(key) <= 60 for key in keys] == [True]


async def test_without_redis(clock: SettableClock, link: RedisLink, redis: RedisServer) -> None:
    """While Redis cannot be used each process counts by itself; a limit is never switched off."""
    limiter = Limiter(clock, link)
    await limiter.count("2/minute", "a")
    redis.stop()
    used = [await limiter.count("2/minute", "a") for _ in range(3)]
    assert [usage.is_over for usage in used] == [False, False, True]


def test_bounded(clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many ask, memory has a bound; whose window began longest ago is forgotten."""
    monkeypatch.setattr("edge.limits.MAX_COUNTERS", 2)
    limiter = Limiter(clock)
    assert [limiter.count_here("9/minute", who).used for who in "abacbab"] == [1, 1, 2, 1, 2, 1, 1]
