import json
from collections.abc import AsyncIterator

import pytest

from edge.redis_link import RedisLink
from proxy.errors import SourceQuotaError
from proxy.freshness import DAY
from proxy.quota_board import PREFIX, RedisBoard
from proxy.sources.quota import Quota
from standin.calendar import SettableClock
from tests.conftest import make_settings
from tests.redis_server import RedisServer

SOURCE = "api.nasa.gov"


@pytest.fixture
async def board(redis: RedisServer, clock: SettableClock) -> AsyncIterator[RedisBoard]:
    """Be the board, in a real Redis."""
    async with RedisLink(make_settings(redis_url=redis.url)).opened() as link:
        yield RedisBoard(link, clock)


async def admits(quota: Quota, *, is_latest: bool = True) -> bool:
    """Ask for a call, knowing what there is to know."""
    await quota.learn()
    try:
        quota.admit(is_latest=is_latest)
    except SourceQuotaError:
        return False
    return True


async def test_stop(board: RedisBoard, clock: SettableClock) -> None:
    """A 429 that one process got stops all with the key, until Retry-After."""
    first, second = (Quota(SOURCE, clock, board) for _ in range(2))
    other = Quota("science.nasa.gov", clock, board)
    assert await admits(second)
    first.note(429, {"Retry-After": "100"})
    await board.aclose()
    assert [await admits(quota) for quota in (first, second, other)] == [False, False, True]
    clock.advance(seconds=100)
    assert await admits(second)


async def test_reading(board: RedisBoard, clock: SettableClock) -> None:
    """What NASA tells one of what is left, all go by."""
    first, second = (Quota(SOURCE, clock, board) for _ in range(2))
    first.note(200, {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "10"})
    await board.aclose()
    assert not await admits(second, is_latest=False)
    assert await admits(second, is_latest=True)


async def test_newer_counts(board: RedisBoard, clock: SettableClock) -> None:
    """What a process has been told itself since is not overruled by what is older."""
    first, second = (Quota(SOURCE, clock, board) for _ in range(2))
    first.note(200, {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "10"})
    await board.aclose()
    clock.advance(seconds=1)
    second.note(200, {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "900"})
    assert await admits(second, is_latest=False)


async def test_under_way(board: RedisBoard, clock: SettableClock) -> None:
    """An answer that was under way when NASA stopped another process does not undo that."""
    first, second, third = (Quota(SOURCE, clock, board) for _ in range(3))
    first.note(429, {"Retry-After": "100"})
    second.note(200, {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "1"})
    await board.aclose()
    assert not await admits(third)


async def test_after_stop(board: RedisBoard, clock: SettableClock) -> None:
    """After it, what was read before it no longer counts: each asks once how things stand."""
    first, second = (Quota(SOURCE, clock, board) for _ in range(2))
    second.note(200, {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "1"})
    clock.advance(seconds=1)
    spent = {"X-RateLimit-Limit": "1000", "X-RateLimit-Remaining": "0", "Retry-After": "5"}
    first.note(429, spent)
    await board.aclose()
    assert not await admits(first, is_latest=False)
    assert not await admits(second, is_latest=False)
    clock.advance(seconds=5)
    third = Quota(SOURCE, clock, board)
    assert [await admits(quota, is_latest=False) for quota in (first, second, third)] == [True] * 3


async def test_redis_goes(board: RedisBoard, redis: RedisServer, clock: SettableClock) -> None:
    """A stop that is known is not forgotten because Redis cannot be asked."""
    first, second = (Quota(SOURCE, clock, board) for _ in range(2))
    first.note(429, {"Retry-After": "600"})
    await board.aclose()
    assert not await admits(second)
    redis.stop()
    assert not await admits(second)


@pytest.mark.parametrize(
    "value",
    [
        b"", b"null", b"[]", b"{}", b"\xff", b"[" * 900, b"x" * 2000,
        json.dumps({"since": "0", "until": 1e99}).encode(),
        json.dumps({"since": 0, "until": None}).encode(),
        json.dumps({"since": 0, "until": float("inf")}).encode(),
        json.dumps({"since": 0, "until": 1e300}).encode(),
        json.dumps({"since": 1e12, "until": 1e12 + 60}).encode(),
    ],
    ids=range(12),
)  # fmt: skip
async def test_lies(
    board: RedisBoard, redis: RedisServer, clock: SettableClock, value: bytes
) -> None:
    """What is not as it was written, or cannot be, is not gone by."""
    redis.client.set(f"{PREFIX}{SOURCE}:stop", value)
    redis.client.set(f"{PREFIX}{SOURCE}:reading", value)
    assert await admits(Quota(SOURCE, clock, board), is_latest=False)


@pytest.mark.parametrize(
    "odd",
    [
        {"at": None}, {"at": 9e99}, {"at": True},
        {"limit": "1000"}, {"limit": -1000}, {"limit": 1000.5}, {"limit": True},
        {"remaining": "0"}, {"remaining": -5}, {"remaining": 0.5}, {"remaining": False},
    ],
    ids=str,
)  # fmt: skip
async def test_odd_reading(
    board: RedisBoard, redis: RedisServer, clock: SettableClock, odd: dict[str, object]
) -> None:
    """Nor is a reading of no time, of the future, or of numbers that are none of calls."""
    told = {"limit": 1000, "remaining": 0, "at": clock.now, **odd}
    redis.client.set(f"{PREFIX}{SOURCE}:reading", json.dumps(told))
    assert await admits(Quota(SOURCE, clock, board), is_latest=False)


async def test_taken_back(board: RedisBoard, redis: RedisServer, clock: SettableClock) -> None:
    """A stop that others know no longer holds nobody up."""
    told = {"since": clock.now, "until": clock.now + DAY}
    redis.client.set(f"{PREFIX}{SOURCE}:stop", json.dumps(told))
    quota = Quota(SOURCE, clock, board)
    assert not await admits(quota)
    redis.client.delete(f"{PREFIX}{SOURCE}:stop")
    assert await admits(quota)


async def test_clocks(board: RedisBoard, redis: RedisServer, clock: SettableClock) -> None:
    """A stop by a machine whose clock is a little ahead begins now."""
    told = {"since": clock.now + 30, "until": clock.now + 90}
    redis.client.set(f"{PREFIX}{SOURCE}:stop", json.dumps(told))
    assert not await admits(Quota(SOURCE, clock, board))


async def test_left_by_itself(board: RedisBoard, redis: RedisServer, clock: SettableClock) -> None:
    """It stands there for as long as it means something."""
    quota = Quota(SOURCE, clock, board)
    quota.note(429, {"Retry-After": "2000"})
    await board.aclose()
    assert 1990 < redis.client.ttl(f"{PREFIX}{SOURCE}:stop") <= 2000


async def test_without_redis(board: RedisBoard, redis: RedisServer, clock: SettableClock) -> None:
    """Without Redis each process goes by what it has been told itself."""
    redis.stop()
    quota = Quota(SOURCE, clock, board)
    assert await admits(quota)
    quota.note(429, {"Retry-After": "100"})
    await board.aclose()
    assert not await admits(quota)
