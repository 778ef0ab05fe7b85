"""Two processes that share a Redis, as far as records are concerned."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date, timedelta

import pytest

from edge import redis_flight
from edge.redis_flight import SharedFlight
from edge.redis_link import RedisLink
from edge.redis_notices import open_notices
from proxy import holdings
from proxy.errors import (
    NoRecordError,
    SourceBusyError,
    SourceError,
    SourceQuotaError,
    SourceTimeoutError,
)
from proxy.freshness import HOUR, MINUTE, PERMANENT_GAPS
from proxy.holdings import Holdings
from proxy.records import Record
from proxy.renewal import Shared
from proxy.store import RedisStore
from proxy.turns import SharedTurns, failure, tell
from standin import archive
from standin.calendar import SettableClock
from tests.conftest import make_settings
from tests.proxy.test_holdings import OLD, TODAY, Archive
from tests.redis_server import RedisServer, slowed

DAYS = [OLD + timedelta(days=n) for n in range(20)]


class RealArchive(Archive):
    """A source whose records are as NASA's, so that they can be kept elsewhere."""

    def record(self, day: date) -> Record:
        """Make a record."""
        return Record.from_members({**archive.record(day), "title": self.title})


class Fleet:
    """Processes, each with its own memory and way to Redis, and one NASA."""

    def __init__(self, stack: AsyncExitStack, url: str, clock: SettableClock) -> None:
        self._stack = stack
        self._settings = make_settings(redis_url=url)
        self._clock = clock
        self.source = RealArchive()
        self.links: list[RedisLink] = []

    async def process(self) -> Holdings:
        """Start one."""
        link = await self._stack.enter_async_context(RedisLink(self._settings).opened())
        self.links.append(link)
        opened = open_notices(self._settings, link, "landed")
        notices = await self._stack.enter_async_context(opened)
        flight = SharedFlight(link, notices)
        self._stack.push_async_callback(flight.aclose)
        shared = Shared(RedisStore(link, self._clock), SharedTurns(flight))
        holdings = Holdings(self.source, clock=self._clock, shared=shared)
        self._stack.push_async_callback(holdings.aclose)
        return holdings


@pytest.fixture
async def fleet(redis: RedisServer, clock: SettableClock) -> AsyncIterator[Fleet]:
    """Be a fleet without processes."""
    async with AsyncExitStack() as stack:
        yield Fleet(stack, redis.url, clock)


async def asked(fleet: Fleet, calls: int) -> None:
    """Wait until NASA has been asked so often."""
    async with asyncio.timeout(10):
        while fleet.source.calls < calls:  # noqa: ASYNC110  (there is nothing to be told by)
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("day", [None, OLD, TODAY])
async def test_given_once(fleet: Fleet, clock: SettableClock, day: date | None) -> None:
    """What NASA gave one process, another serves, and knows how old it is."""
    first, second = await fleet.process(), await fleet.process()
    assert (await first.get(day)).how == "miss"
    clock.advance(seconds=30)
    found = await second.get(day)
    assert (found.how, found.held.fetched_at) == ("hit", clock.now - 30)
    assert fleet.source.calls == 1


async def test_restart(fleet: Fleet) -> None:
    """A process that starts finds a range in what those before it have got."""
    await (await fleet.process()).get_days(DAYS)
    found = await (await fleet.process()).get_days(DAYS)
    assert ({one.how for one in found}, fleet.source.calls) == ({"hit"}, 1)


@pytest.mark.parametrize(("day", "days"), [(None, 1), (OLD, 31)])
async def test_restart_while_nasa_hangs(
    fleet: Fleet,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    day: date | None,
    days: int,
) -> None:
    """It has no more patience than those that hold something old themselves."""
    monkeypatch.setattr(holdings, "PATIENCE_SECONDS", 0.05)
    await (await fleet.process()).get(day)
    clock.advance(days=days)
    fleet.source.hangs = True
    anew = await fleet.process()
    async with asyncio.timeout(2):
        found = await anew.get(day)
    assert (found.how, fleet.source.calls) == ("stale-while-revalidate", 2)


async def test_gap(fleet: Fleet) -> None:
    """That NASA has nothing is known to all, for as long as it is good."""
    fleet.source.failure = NoRecordError(TODAY)
    first, second = await fleet.process(), await fleet.process()
    assert (await first.get(TODAY)).held.record is None
    assert (await second.get(TODAY)).held.record is None
    assert fleet.source.calls == 1


async def test_renewed_once(fleet: Fleet, clock: SettableClock) -> None:
    """What has become old is renewed by one process, for all."""
    processes = [await fleet.process() for _ in range(3)]
    for process in processes:
        await process.get(TODAY)
    clock.advance(seconds=HOUR)
    fleet.source.title = "Corrected"
    titles: set[str] = set()
    async with asyncio.timeout(10):
        while titles != {"Corrected"}:
            found = await asyncio.gather(*(process.get(TODAY) for process in processes))
            titles = {one.held.record.fields()["title"] for one in found if one.held.record}
            await asyncio.sleep(0.01)
    assert fleet.source.calls == 2


@pytest.mark.parametrize("day", [None, OLD])
async def test_one_flight(fleet: Fleet, day: date | None) -> None:
    """Of processes that want one thing at once, one asks; the others wait for it."""
    processes = [await fleet.process() for _ in range(4)]
    fleet.source.hangs = True
    waiting = [asyncio.create_task(process.get(day)) for process in processes for _ in range(10)]
    await asked(fleet, 1)
    await asyncio.sleep(0.2)
    fleet.source.go_on.set()
    began = asyncio.get_running_loop().time()
    found = await asyncio.gather(*waiting)
    assert fleet.source.calls == 1
    assert sorted({one.how for one in found}) == ["collapsed", "miss"]
    assert asyncio.get_running_loop().time() - began < 0.5


async def test_one_range_flight(fleet: Fleet) -> None:
    """So it is with ranges."""
    processes = [await fleet.process() for _ in range(3)]
    fleet.source.hangs = True
    waiting = [asyncio.create_task(process.get_days(DAYS)) for process in processes]
    await asked(fleet, 1)
    await asyncio.sleep(0.2)
    fleet.source.go_on.set()
    assert [len(found) for found in await asyncio.gather(*waiting)] == [len(DAYS)] * 3
    assert fleet.source.calls == 1


@pytest.mark.parametrize(
    "failure", [SourceTimeoutError("late"), SourceQuotaError("full", retry_after_seconds=77)]
)
async def test_one_failure(fleet: Fleet, failure: Exception) -> None:
    """If it fails, all who waited have failed in that way: they do not ask one after the other."""
    processes = [await fleet.process() for _ in range(3)]
    fleet.source.hangs, fleet.source.failure = True, failure
    waiting = [asyncio.create_task(process.get(OLD)) for process in processes]
    waiting += [asyncio.create_task(process.get_days([OLD])) for process in processes]  # type: ignore[arg-type]
    await asked(fleet, 2)
    await asyncio.sleep(0.2)
    fleet.source.go_on.set()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(error) for error in ended} == {type(failure)}
    seconds = {getattr(error, "retry_after_seconds", None) for error in ended}
    assert seconds == {getattr(failure, "retry_after_seconds", None)}
    assert fleet.source.calls == 2


async def test_asker_ends(fleet: Fleet) -> None:
    """If the process that asks is stopped, another takes over at once."""
    first, second = await fleet.process(), await fleet.process()
    fleet.source.hangs = True
    asking = asyncio.create_task(first.get(OLD))
    await asked(fleet, 1)
    waiting = asyncio.create_task(second.get(OLD))
    await asyncio.sleep(0.1)
    began = asyncio.get_running_loop().time()
    await first.aclose()
    await asked(fleet, 2)
    assert asyncio.get_running_loop().time() - began < 0.5
    fleet.source.go_on.set()
    assert (await waiting).how == "miss"
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_asker_dies(fleet: Fleet, redis: RedisServer) -> None:
    """If it dies, another takes over when its lease has run out."""
    redis.client.set("astropiks:1:lease:apod:2021-10-12", b"of the dead", px=1000)
    began = asyncio.get_running_loop().time()
    assert (await (await fleet.process()).get(OLD)).how == "miss"
    assert 0.9 < asyncio.get_running_loop().time() - began < 1.5


async def test_lease_is_renewed(fleet: Fleet, redis: RedisServer) -> None:
    """A lease goes on for as long as its holder works."""
    process = await fleet.process()
    fleet.source.hangs = True
    asking = asyncio.create_task(process.get(OLD))
    await asked(fleet, 1)
    redis.client.pexpire("astropiks:1:lease:apod:2021-10-12", 1500)
    await asyncio.sleep(1.2)
    assert redis.client.pttl("astropiks:1:lease:apod:2021-10-12") > 2000
    fleet.source.go_on.set()
    await asking
    async with asyncio.timeout(10):
        while redis.client.exists("astropiks:1:lease:apod:2021-10-12"):  # noqa: ASYNC110  (Redis)
            await asyncio.sleep(0.01)


async def test_slow_redis(
    redis: RedisServer, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Redis that takes its time, but answers, costs no second call of NASA."""
    monkeypatch.setattr(redis_flight, "LEASE_SECONDS", 0.3)
    monkeypatch.setattr(redis_flight, "RENEWAL_SECONDS", 0.1)
    async with AsyncExitStack() as stack:
        port = stack.enter_context(slowed(redis.port, 0.008))
        fleet = Fleet(stack, f"redis://127.0.0.1:{port}", clock)
        processes = [await fleet.process() for _ in range(3)]
        fleet.source.hangs = True
        waiting = [asyncio.create_task(process.get(OLD)) for process in processes]
        waiting_for_list = [asyncio.create_task(process.get_days(DAYS)) for process in processes]
        await asyncio.sleep(2)
        fleet.source.go_on.set()
        await asyncio.gather(*waiting, *waiting_for_list)
    assert fleet.source.calls == 2


async def test_long_range(fleet: Fleet, redis: RedisServer) -> None:
    """Many windows that land at once are all kept for the other processes."""
    days = [OLD - timedelta(days=n) for n in reversed(range(3000))]
    days = [day for day in days if day not in PERMANENT_GAPS]
    await (await fleet.process()).get_days(days)
    calls = fleet.source.calls
    async with asyncio.timeout(20):
        while len(redis.client.keys("astropiks:1:apod:*")) < len(days):  # noqa: ASYNC110  (Redis)
            await asyncio.sleep(0.05)
    await (await fleet.process()).get_days(days)
    assert fleet.source.calls == calls


@pytest.mark.parametrize("trouble", ["stopped", "frozen", "full"])
async def test_trouble(fleet: Fleet, redis: RedisServer, trouble: str) -> None:
    """Redis in trouble costs less than 0.1 s; each process goes on by itself."""
    process = await fleet.process()
    await process.get(OLD)
    match trouble:
        case "stopped":
            redis.stop()
        case "frozen":
            redis.freeze()
        case "full":
            redis.client.config_set("maxmemory", "1")
    began = asyncio.get_running_loop().time()
    found = [(await process.get(day)).how for day in (OLD, TODAY, None)]
    assert asyncio.get_running_loop().time() - began < 0.1
    assert found == ["hit", "miss", "miss"]


async def test_waiting_when_redis_goes(fleet: Fleet, redis: RedisServer) -> None:
    """Who waits for another process when Redis goes asks by itself."""
    first, second = await fleet.process(), await fleet.process()
    fleet.source.hangs = True
    waiting = [asyncio.create_task(first.get(OLD))]
    await asked(fleet, 1)
    waiting.append(asyncio.create_task(second.get(OLD)))
    await asyncio.sleep(0.1)
    redis.stop()
    await asked(fleet, 2)
    fleet.source.go_on.set()
    assert [found.how for found in await asyncio.gather(*waiting)] == ["miss", "miss"]


async def test_lost_record(fleet: Fleet, clock: SettableClock) -> None:
    """A record that any process once had is not given up because NASA has lost it."""
    await (await fleet.process()).get(TODAY)
    clock.advance(seconds=2 * HOUR)
    fleet.source.failure = NoRecordError(TODAY)
    found = await (await fleet.process()).get(TODAY)
    assert found.held.record is not None


async def test_latest_never_goes_back(fleet: Fleet, clock: SettableClock) -> None:
    """The latest picture is never older than the one that this process has shown."""
    first, second = await fleet.process(), await fleet.process()
    fleet.source.latest = TODAY - timedelta(days=1)
    await first.get(None)
    clock.advance(seconds=20 * MINUTE)
    fleet.source.latest = TODAY
    await second.get(None)
    found = [await process.get(None) for process in (first, second, first)]
    assert {one.held.day for one in found[1:]} == {TODAY}


async def test_gap_over_record(fleet: Fleet, redis: RedisServer, clock: SettableClock) -> None:
    """Nor by a process that was cut off from Redis, and asked NASA without knowing of it."""
    first, second = await fleet.process(), await fleet.process()
    await first.get(TODAY)
    clock.advance(seconds=1)
    fleet.source.failure, fleet.source.hangs = NoRecordError(TODAY), True
    redis.freeze()
    asking = asyncio.create_task(second.get(TODAY))
    await asked(fleet, 2)
    redis.thaw()
    await up(redis, fleet)
    fleet.source.go_on.set()
    await asking
    found = await (await fleet.process()).get(TODAY)
    assert (found.how, found.held.record is not None) == ("hit", True)


@pytest.mark.parametrize("late", ["the day before's", "an older one's"])
async def test_late_asker(
    fleet: Fleet, redis: RedisServer, clock: SettableClock, late: str
) -> None:
    """A process that comes late with what is older does not replace what is newer."""
    day = None if late == "the day before's" else TODAY
    first, second = await fleet.process(), await fleet.process()
    fleet.source.hangs, fleet.source.title = True, "Old"
    fleet.source.latest = TODAY - timedelta(days=1)
    asking = asyncio.create_task(first.get(day))
    await asked(fleet, 1)
    redis.client.delete(*LEASES)
    clock.advance(seconds=5)
    fleet.source.hangs, fleet.source.title, fleet.source.latest = False, "New", TODAY
    await second.get(day)
    fleet.source.title, fleet.source.latest = "Old", TODAY - timedelta(days=1)
    fleet.source.go_on.set()
    await asking
    found = await (await fleet.process()).get(day)
    assert found.held.record
    assert (found.how, found.held.record.fields()["title"]) == ("hit", "New")


@pytest.mark.parametrize("odd", ["an hour", "for ever", "a list"])
async def test_odd_lease(fleet: Fleet, redis: RedisServer, odd: str) -> None:
    """A lease that nobody here can have taken holds nobody up for long."""
    key = LEASES[1]
    match odd:
        case "an hour":
            redis.client.set(key, b"x", ex=3600)
        case "for ever":
            redis.client.set(key, b"x")
        case "a list":
            redis.client.lpush(key, b"x")
    began = asyncio.get_running_loop().time()
    assert (await (await fleet.process()).get(OLD)).how == "miss"
    assert asyncio.get_running_loop().time() - began < 0.5


async def test_deaf(fleet: Fleet, redis: RedisServer) -> None:
    """Who hears no notices any more looks again soon."""
    first, second = await fleet.process(), await fleet.process()
    fleet.source.hangs = True
    waiting = [asyncio.create_task(first.get(OLD))]
    await asked(fleet, 1)
    redis.client.client_kill_filter(_type="pubsub")
    await asyncio.sleep(0.05)
    waiting.append(asyncio.create_task(second.get(OLD)))
    await asyncio.sleep(0.1)
    fleet.source.go_on.set()
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*waiting)
    assert asyncio.get_running_loop().time() - began < 0.7
    assert fleet.source.calls == 1


async def test_hears_again(fleet: Fleet, redis: RedisServer) -> None:
    """The channel of notices comes back by itself."""
    first, second = await fleet.process(), await fleet.process()
    redis.client.client_kill_filter(_type="pubsub")
    async with asyncio.timeout(10):
        while redis.client.pubsub_numsub("landed")[0][1] < 2:  # noqa: ASYNC110  (Redis)
            await asyncio.sleep(0.02)
    fleet.source.hangs = True
    waiting = [asyncio.create_task(process.get(OLD)) for process in (first, second)]
    await asked(fleet, 1)
    await asyncio.sleep(0.1)
    fleet.source.go_on.set()
    began = asyncio.get_running_loop().time()
    await asyncio.gather(*waiting)
    assert asyncio.get_running_loop().time() - began < 0.5


async def test_partial_range(fleet: Fleet) -> None:
    """If part of a range fails, all know the rest, and nobody asks again at once."""
    first, second = await fleet.process(), await fleet.process()
    fleet.source.hangs, fleet.source.left_out = True, {DAYS[3]}
    fleet.source.partial_failure = SourceTimeoutError("late")
    waiting = [asyncio.create_task(process.get_days(DAYS)) for process in (first, second)]
    await asked(fleet, 1)
    await asyncio.sleep(0.1)
    fleet.source.go_on.set()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(error) for error in ended} == {SourceTimeoutError}
    assert fleet.source.calls == 1
    assert (await second.get_days(DAYS[4:]))[0].how == "hit"


@pytest.mark.parametrize(
    "failed", [SourceTimeoutError("x"), SourceQuotaError("x", retry_after_seconds=5)]
)
def test_failures_are_told(failed: SourceError) -> None:
    """A failure is the same one in every process; that one was busy is no failure of NASA's."""
    told = failure(tell(failed))
    assert type(told) is type(failed)
    assert told.retry_after_seconds == failed.retry_after_seconds
    assert tell(SourceBusyError("all connections are in use")) == ""


@pytest.mark.parametrize("told", ["", "nonsense", "timeout 9999999", "timeout -1", "timeout ²"])
def test_odd_failures(told: str) -> None:
    """Whatever is told, it is a failure, and never an absurd time to wait."""
    assert failure(told).retry_after_seconds is None


LEASES = (
    "astropiks:1:lease:apod:latest",
    *(f"astropiks:1:lease:apod:{day}" for day in (OLD, TODAY)),
)


async def up(redis: RedisServer, fleet: Fleet) -> None:
    """Wait until every process uses Redis again."""
    async with asyncio.timeout(10):
        while not all(link.is_up for link in fleet.links):  # noqa: ASYNC110  (another program)
            await asyncio.sleep(0.01)
    redis.client.ping()
