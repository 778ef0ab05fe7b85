import json
import random
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest

from edge.redis_link import RedisLink
from proxy.cache import ApodCache
from proxy.freshness import DAY, HOUR
from proxy.held import Held
from proxy.records import Record
from proxy.store import PREFIX, RedisStore, decode, encode
from standin import archive
from standin.calendar import SettableClock
from tests.conftest import make_settings
from tests.redis_server import RedisServer

OLD = date(2021, 10, 12)
TODAY = date(2026, 11, 23)


def record(day: date) -> Record:
    """Give NASA's record of *day*."""
    body = json.dumps(archive.record(day)).encode()
    return Record.from_json(body, asked=day, newest=TODAY)


@pytest.fixture
def cache(clock: SettableClock) -> ApodCache:
    """Be what a process holds."""
    return ApodCache(clock, stale_seconds=30 * DAY, chance=random.Random(1))  # noqa: S311


@pytest.fixture
async def store(redis: RedisServer, clock: SettableClock) -> AsyncIterator[RedisStore]:
    """Be the shared store, in a real Redis."""
    async with RedisLink(make_settings(redis_url=redis.url)).opened() as link:
        yield RedisStore(link, clock)


async def test_what_was_given(store: RedisStore, cache: ApodCache, clock: SettableClock) -> None:
    """Records, gaps and the latest come out as NASA gave them, with their time."""
    held: dict[date | None, Held] = {
        OLD: cache.store_record(OLD, record(OLD)),
        TODAY: cache.store_gap(TODAY),
        None: cache.store_record(None, record(TODAY - timedelta(days=1))),
    }
    await store.keep(held)
    clock.advance(seconds=5)
    found = await store.find([OLD, TODAY, None, date(2020, 1, 1)])
    assert {day: (one.day, one.record, one.fetched_at) for day, one in found.items()} == {
        day: (one.day, one.record, clock.now - 5) for day, one in held.items()
    }


async def test_one_round_trip(store: RedisStore, cache: ApodCache, redis: RedisServer) -> None:
    """A range is one command, and so is keeping what came of it."""
    days = [OLD + timedelta(days=n) for n in range(100)]
    before = redis.client.info("commandstats")
    await store.keep({day: cache.store_record(day, record(day)) for day in days})
    found = await store.find(days)
    after = redis.client.info("commandstats")
    assert sorted(day for day in found if day) == days
    assert after["cmdstat_mget"]["calls"] == 1 + before.get("cmdstat_mget", {"calls": 0})["calls"]
    assert after["cmdstat_eval"]["calls"] == 1


async def test_leaves_by_itself(store: RedisStore, cache: ApodCache, redis: RedisServer) -> None:
    """Each value leaves when it could not be served any more."""
    await store.keep({OLD: cache.store_record(OLD, record(OLD)), TODAY: cache.store_gap(TODAY)})
    assert redis.client.ttl(f"{PREFIX}{OLD}") == 60 * DAY
    assert 30 * DAY < redis.client.ttl(f"{PREFIX}{TODAY}") < 31 * DAY


GOOD = encode(
    Held(
        day=OLD,
        record=record(OLD),
        fetched_at=1_700_000_000.5,
        lifetime=HOUR,
        refresh_at=0,
        usable_until=0,
    )
)
HEAD, BODY = GOOD.split(b"\n", 1)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe", id="no text"),
        pytest.param(b"[]\n" + BODY, id="no object"),
        pytest.param(b"{}\n" + BODY, id="no time"),
        pytest.param(HEAD.replace(b"1700000000.5", b"NaN") + b"\n" + BODY, id="no number"),
        pytest.param(HEAD.replace(b"1700000000.5", b"true") + b"\n" + BODY, id="a truth"),
        pytest.param(HEAD.replace(b"1700000000.5", b"1e99") + b"\n" + BODY, id="too late"),
        pytest.param(HEAD.replace(b"1700000000.5", b"9999999999") + b"\n" + BODY, id="the future"),
        pytest.param(HEAD.replace(b"2021-10-12", b"2021-10-13") + b"\n" + BODY, id="two days"),
        pytest.param(HEAD.replace(b"2021-10-12", b"20211012") + b"\n" + BODY, id="odd day"),
        pytest.param(HEAD + b"\n" + BODY[:-10], id="cut off"),
        pytest.param(HEAD + b"\n" + BODY + b" ", id="not NASA's bytes"),
        pytest.param(HEAD + b"\n<html></html>", id="HTML"),
        pytest.param(HEAD + b"\n" + BODY.replace(b'"v1"', b'"v2"'), id="another version"),
        pytest.param(HEAD + b"\n" + b" " * 65536 + BODY, id="long"),
        pytest.param(
            encode(
                Held(
                    day=TODAY,
                    record=record(TODAY),
                    fetched_at=1.7e9,
                    lifetime=1,
                    refresh_at=0,
                    usable_until=0,
                )
            ),
            id="another day's",
        ),
        pytest.param(b"[" * 50_000, id="deep"),
    ],
)
async def test_lies(store: RedisStore, redis: RedisServer, value: bytes) -> None:
    """What is not as it was written is not served, and the rest is."""
    redis.client.set(f"{PREFIX}{OLD}", value)
    redis.client.set(
        f"{PREFIX}{OLD + timedelta(days=1)}", GOOD.replace(b"2021-10-12", b"2021-10-13")
    )
    found = await store.find([OLD, OLD + timedelta(days=1)])
    assert set(found) == {OLD + timedelta(days=1)}


async def test_other_type(store: RedisStore, redis: RedisServer) -> None:
    """A key that holds something else altogether is as good as none."""
    redis.client.lpush(f"{PREFIX}{OLD}", b"x")
    assert await store.find([OLD]) == {}


async def test_latest_needs_a_record(store: RedisStore, redis: RedisServer) -> None:
    """There is no such thing as no latest picture."""
    redis.client.set(f"{PREFIX}latest", HEAD + b"\n")
    assert await store.find([None]) == {}


@pytest.mark.parametrize("day", ["2099-01-01", "2026-11-24", "1995-06-15"])
async def test_latest_of_no_day(
    store: RedisStore, redis: RedisServer, cache: ApodCache, day: str
) -> None:
    """The latest is of no day that has no picture yet; and such a value does not stay there."""
    fields = {**archive.record(OLD), "date": day}
    odd = Record.from_members(fields)
    at = b'{"day": "%s", "fetched_at": 1795430000, "source": ""}\n' % day.encode()
    redis.client.set(f"{PREFIX}latest", at + odd.body)
    assert await store.find([None]) == {}
    await store.keep({None: cache.store_record(None, record(TODAY))})
    assert (await store.find([None]))[None].day == TODAY


@pytest.mark.parametrize("there", [b"", b"junk", b'{"fetched_at": 9e99}\nx', b"[]\nx", b"\xff\nx"])
async def test_replaces_lies(
    store: RedisStore, redis: RedisServer, cache: ApodCache, there: bytes
) -> None:
    """What cannot be believed is replaced."""
    redis.client.set(f"{PREFIX}{OLD}", there)
    await store.keep({OLD: cache.store_record(OLD, record(OLD))})
    assert (await store.find([OLD]))[OLD].record == record(OLD)


@pytest.mark.parametrize(
    "body",
    [b"junk", b"[]", b'{"date":"2021-10-13"}', b"\xff", b"[" * 5000, BODY[:-10]],
    ids=["no JSON", "no object", "another day", "no text", "deep", "cut off"],
)
async def test_gap_replaces_lies(
    store: RedisStore, redis: RedisServer, cache: ApodCache, clock: SettableClock, body: bytes
) -> None:
    """Nor does a body that is no record keep out that there is none, however good its head."""
    head = HEAD.replace(b"1700000000.5", b"%d" % (clock.now + 30))
    redis.client.set(f"{PREFIX}{OLD}", head + b"\n" + body)
    await store.keep({OLD: cache.store_gap(OLD)})
    assert (await store.find([OLD]))[OLD].record is None


async def test_replaces_another_type(
    store: RedisStore, redis: RedisServer, cache: ApodCache
) -> None:
    """So is what is no text at all."""
    redis.client.lpush(f"{PREFIX}{OLD}", b"x")
    await store.keep({OLD: cache.store_record(OLD, record(OLD))})
    assert (await store.find([OLD]))[OLD].record == record(OLD)


async def test_long_range(store: RedisStore, cache: ApodCache) -> None:
    """However long a range is, Redis is asked for it in small parts."""
    days = [date(1999, 1, 1) + timedelta(days=n) for n in range(9000)]
    for n in range(0, len(days), 500):
        await store.keep({day: cache.store_record(day, record(day)) for day in days[n : n + 500]})
    assert len(await store.find(days)) == len(days)


async def test_clocks(store: RedisStore, redis: RedisServer, clock: SettableClock) -> None:
    """A machine whose clock is a little ahead of ours has asked just now, not in the future."""
    redis.client.set(f"{PREFIX}{OLD}", GOOD.replace(b"1700000000.5", str(clock.now + 30).encode()))
    assert (await store.find([OLD]))[OLD].fetched_at == clock.now


def test_round_trip() -> None:
    """A value reads as it was written."""
    given = decode(GOOD)
    assert (given.day, given.record, given.fetched_at) == (OLD, record(OLD), 1_700_000_000.5)


async def test_without_redis(store: RedisStore, cache: ApodCache, redis: RedisServer) -> None:
    """Without Redis nothing is there, and nothing fails."""
    redis.stop()
    await store.keep({OLD: cache.store_record(OLD, record(OLD))})
    assert await store.find([OLD]) == {}
