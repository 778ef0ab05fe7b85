import asyncio
import random
from collections.abc import Callable
from datetime import date, timedelta

import pytest

from proxy import cache, renewal
from proxy import holdings as module
from proxy.errors import NoRecordError, SourceTimeoutError
from proxy.freshness import DAY, HOUR, MINUTE, PERMANENT_GAPS
from proxy.holdings import Holdings, windows
from proxy.records import Record
from proxy.sources.source import Fetched
from standin.calendar import SettableClock

TODAY = date(2026, 11, 23)
OLD = date(2021, 10, 12)


class Archive:
    """A source whose answers a test sets; it counts the calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.latest = TODAY
        self.title = "As published"
        self.failure: Exception | None = None
        self.hangs = False
        self.left_out: set[date] = set()
        self.partial_failure: SourceTimeoutError | None = None
        self.slow: Callable[[], None] = lambda: None
        self.ranges: list[tuple[date, date]] = []
        self.go_on = asyncio.Event()

    @property
    def max_days(self) -> int:
        """Be like NASA."""
        return 31

    async def fetch_range(self, start: date, end: date) -> Fetched:
        """Answer as set, but for the gaps of the archive."""
        self.calls += 1
        self.ranges.append((start, end))
        if self.hangs:
            await self.go_on.wait()
        await asyncio.sleep(0)
        self.slow()
        if self.failure:
            raise self.failure
        days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
        records = [self.record(day) for day in days if day not in {*PERMANENT_GAPS, *self.left_out}]
        return Fetched(records, self.partial_failure)

    def record(self, day: date) -> Record:
        """Make a record."""
        body = f'{{"title": "{self.title}", "date": "{day}"}}'.encode()
        return Record(day, body, f'"{self.title}"')

    async def fetch(self, day: date | None, *, newest: date) -> Record:
        """Answer as set."""
        self.calls += 1
        if self.hangs:
            await self.go_on.wait()
        if self.failure:
            raise self.failure
        assert (day or self.latest) <= newest
        return self.record(day or self.latest)


@pytest.fixture
def source() -> Archive:
    """Be NASA."""
    return Archive()


@pytest.fixture
def holdings(source: Archive, clock: SettableClock) -> Holdings:
    """Hold what that source gives."""
    return Holdings(source, clock=clock)


async def ask(holdings: Holdings, day: date | None = OLD) -> tuple[str, str]:
    """Ask, and give how the answer was come by and its tag."""
    found = await holdings.get(day)
    return found.how, found.held.record.etag.strip('"') if found.held.record else "none"


async def settle() -> None:
    """Let a refresh in the background take the turns of the loop that it needs."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_hit(holdings: Holdings, source: Archive) -> None:
    """NASA is asked once for a date."""
    assert [(await ask(holdings))[0] for _ in range(3)] == ["miss", "hit", "hit"]
    assert source.calls == 1


async def test_latest_fills_its_date(holdings: Holdings, source: Archive) -> None:
    """The latest record is stored under its own date, whatever we think today is."""
    source.latest = date(2026, 11, 22)
    await ask(holdings, None)
    assert (await ask(holdings, date(2026, 11, 22)))[0] == "hit"
    assert (await ask(holdings, TODAY))[0] == "miss"


async def test_latest_from_its_date(holdings: Holdings, source: Archive) -> None:
    """While NASA is down, the newest record that is held by date stands in for the latest."""
    for day in (OLD, date(2026, 11, 21), date(2026, 11, 20)):
        await ask(holdings, day)
    source.failure = SourceTimeoutError("no whole answer in time")
    found = await holdings.get(None)
    assert (found.how, found.held.day) == ("stale-if-error", date(2026, 11, 21))


async def test_no_latest_of_long_ago(holdings: Holdings, source: Archive) -> None:
    """A record of long ago is not taken for the latest."""
    await ask(holdings, date(2026, 10, 1))
    source.failure = SourceTimeoutError("no whole answer in time")
    with pytest.raises(SourceTimeoutError):
        await holdings.get(None)


async def test_latest_changes(holdings: Holdings, source: Archive, clock: SettableClock) -> None:
    """Which record is the latest is asked again after its short life."""
    await ask(holdings, None)
    clock.advance(minutes=9)
    assert (await ask(holdings, None))[0] == "hit"
    clock.advance(days=1)
    source.latest = date(2026, 11, 24)
    assert (await holdings.get(None)).held.day == date(2026, 11, 24)


async def test_correction(holdings: Holdings, source: Archive, clock: SettableClock) -> None:
    """When a date is fetched anew, the latest answer shows the correction as well."""
    await ask(holdings, None)
    clock.advance(hours=3)
    source.title = "Corrected"
    await ask(holdings, TODAY)
    clock.advance(hours=-3)
    assert await ask(holdings, None) == ("hit", "Corrected")


async def test_stale_while_refreshing(
    holdings: Holdings, source: Archive, clock: SettableClock
) -> None:
    """Just past its lifetime a record goes out at once, and the next caller gets the new one."""
    await ask(holdings)
    clock.advance(days=31)
    source.title = "Corrected"
    assert await ask(holdings) == ("stale-while-revalidate", "As published")
    await settle()
    assert await ask(holdings) == ("hit", "Corrected")


async def test_long_stale(holdings: Holdings, source: Archive, clock: SettableClock) -> None:
    """Long past its lifetime the new record is waited for."""
    await ask(holdings, TODAY)
    clock.advance(hours=3)
    source.title = "Corrected"
    assert await ask(holdings, TODAY) == ("refreshed", "Corrected")


async def test_stale_if_error(holdings: Holdings, source: Archive, clock: SettableClock) -> None:
    """While NASA fails, what is held is served for thirty days past its lifetime, and no longer."""
    await ask(holdings, TODAY)
    source.failure = SourceTimeoutError("no whole answer in time")
    clock.advance(seconds=HOUR + 30 * DAY - 1)
    assert await ask(holdings, TODAY) == ("stale-if-error", "As published")
    clock.advance(seconds=2)
    with pytest.raises(SourceTimeoutError):
        await ask(holdings, TODAY)


async def test_postponed(holdings: Holdings, source: Archive, clock: SettableClock) -> None:
    """After a failure NASA is left alone for a minute, then asked once more."""
    await ask(holdings, TODAY)
    clock.advance(hours=3)
    source.failure = SourceTimeoutError("no whole answer in time")
    for _ in range(5):
        assert (await ask(holdings, TODAY))[0] == "stale-if-error"
    assert source.calls == 2
    clock.advance(seconds=MINUTE)
    source.failure = None
    assert (await ask(holdings, TODAY))[0] == "refreshed"


async def test_cold_failure(holdings: Holdings, source: Archive) -> None:
    """A failure is not kept: the next caller asks again."""
    source.failure = SourceTimeoutError("no whole answer in time")
    with pytest.raises(SourceTimeoutError):
        await ask(holdings)
    source.failure = None
    assert (await ask(holdings))[0] == "miss"


async def test_gap(holdings: Holdings, source: Archive, clock: SettableClock) -> None:
    """That NASA has nothing is kept for as long as it is likely to stay so."""
    source.failure = NoRecordError(TODAY)
    assert [await ask(holdings, TODAY) for _ in range(2)] == [("miss", "none"), ("hit", "none")]
    assert source.calls == 1
    clock.advance(minutes=5)
    source.failure = None
    assert (await ask(holdings, TODAY))[0] == "miss"


async def test_lost_record(holdings: Holdings, source: Archive, clock: SettableClock) -> None:
    """A record that NASA no longer knows is kept: a 404 does not outweigh it."""
    await ask(holdings, TODAY)
    clock.advance(hours=3)
    source.failure = NoRecordError(TODAY)
    assert await ask(holdings, TODAY) == ("stale-if-error", "As published")


async def test_background_failure(
    holdings: Holdings, source: Archive, clock: SettableClock
) -> None:
    """A refresh that fails in the background disturbs nobody."""
    await ask(holdings)
    clock.advance(days=31)
    source.failure = SourceTimeoutError("no whole answer in time")
    assert (await ask(holdings))[0] == "stale-while-revalidate"
    await settle()
    assert (await ask(holdings))[0] == "stale-if-error"
    assert source.calls == 2


async def test_hanging_source(
    source: Archive, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While NASA hangs, whoever can be given an old record waits for a moment only."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    holdings = Holdings(source, clock=clock)
    await ask(holdings, TODAY)
    clock.advance(hours=3)
    source.hangs = True
    assert (await ask(holdings, TODAY))[0] == "stale-while-revalidate"
    await holdings.aclose()


async def test_defect(holdings: Holdings, source: Archive, clock: SettableClock) -> None:
    """Even a defect of the source costs no record that is held, and one call a minute."""
    await ask(holdings, TODAY)
    clock.advance(hours=3)
    source.failure = ZeroDivisionError()
    for _ in range(3):
        assert (await ask(holdings, TODAY))[0] == "stale-if-error"
    assert source.calls == 2


async def test_meanwhile(holdings: Holdings, source: Archive) -> None:
    """A record that came by another way while its own call failed is served."""
    source.hangs = True
    waiting = asyncio.create_task(ask(holdings, TODAY))
    await settle()
    source.hangs = False
    await ask(holdings, None)
    source.failure = SourceTimeoutError("no whole answer in time")
    source.go_on.set()
    assert (await waiting)[0] == "hit"


async def test_lost_race(holdings: Holdings, source: Archive) -> None:
    """So it is when that call ends in a 404: the record is known to be there."""
    source.hangs = True
    waiting = asyncio.create_task(ask(holdings, TODAY))
    await settle()
    source.hangs = False
    await ask(holdings, None)
    source.failure = NoRecordError(TODAY)
    source.go_on.set()
    assert await waiting == ("hit", "As published")


async def test_latest_never_goes_back(
    holdings: Holdings, source: Archive, clock: SettableClock
) -> None:
    """An older record than the latest known is not the latest."""
    await ask(holdings, None)
    clock.advance(hours=1)
    source.latest = date(2026, 11, 21)
    assert (await holdings.get(None)).held.day == TODAY


async def test_clock_set_back(holdings: Holdings, source: Archive, clock: SettableClock) -> None:
    """What was fetched while the clock ran ahead does not stay once it is set right."""
    clock.advance(days=365)
    source.latest = date(2027, 11, 23)
    await ask(holdings, None)
    clock.advance(days=-365)
    source.latest = TODAY
    found = await holdings.get(None)
    assert (found.how, found.held.day) == ("refreshed", TODAY)


async def test_many_days(holdings: Holdings, source: Archive) -> None:
    """Many days are held at once."""
    days = [date.fromordinal(OLD.toordinal() + n) for n in range(1500)]
    for day in days:
        await ask(holdings, day)
    assert {(await ask(holdings, day))[0] for day in days} == {"hit"}
    assert source.calls == len(days)


def test_bound(clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """More than the whole archive is held, and not more than that."""
    assert 11_500 < cache.MAX_HELD < 100_000
    monkeypatch.setattr(cache, "MAX_HELD", 100)
    held = cache.ApodCache(clock, stale_seconds=DAY, chance=random.Random())  # noqa: S311
    for n in range(1000):
        held.store_gap(OLD + timedelta(days=n))
    kept = [n for n in range(1000) if held.find(OLD + timedelta(days=n))]
    assert kept == list(range(900, 1000))


def span(start: date, count: int) -> list[date]:
    """Give *count* days from *start* on."""
    return [start + timedelta(days=n) for n in range(count)]


async def test_range(holdings: Holdings, source: Archive) -> None:
    """A range is asked for in calls of a month at most, and held day by day."""
    days = span(OLD, 100)
    assert [found.held.day for found in await holdings.get_days(days)] == days
    assert [(end - start).days + 1 for start, end in sorted(source.ranges)] == [31, 31, 31, 7]
    assert {found.how for found in await holdings.get_days(days)} == {"hit"}
    assert (await ask(holdings, days[50]))[0] == "hit"
    assert source.calls == 4


async def test_missing_run(holdings: Holdings, source: Archive) -> None:
    """Of a range only what is missing is asked for."""
    await holdings.get_days(span(OLD, 10))
    await holdings.get_days(span(OLD, 20))
    assert source.ranges[1] == (OLD + timedelta(days=10), OLD + timedelta(days=19))


async def test_gaps_of_a_range(holdings: Holdings, source: Archive) -> None:
    """A day that does not come is known to have no picture."""
    days = span(date(2020, 6, 9), 3)
    found = await holdings.get_days(days)
    assert [one.held.record is None for one in found] == [False, True, False]
    await holdings.get_days(days)
    assert source.calls == 1


async def test_one_range_at_once(holdings: Holdings, source: Archive) -> None:
    """Equal ranges asked for at once are one call."""
    await asyncio.gather(*[holdings.get_days(span(OLD, 20)) for _ in range(100)])
    assert source.calls == 1


async def test_failing_range(holdings: Holdings, source: Archive) -> None:
    """Nothing half-done: where a day is missing, the failure is the answer."""
    await holdings.get_days(span(OLD, 10))
    source.failure = SourceTimeoutError("no whole answer in time")
    with pytest.raises(SourceTimeoutError):
        await holdings.get_days(span(OLD, 11))
    assert {found.how for found in await holdings.get_days(span(OLD, 10))} == {"hit"}


async def test_stale_range(holdings: Holdings, source: Archive, clock: SettableClock) -> None:
    """What is held, however old, is served while NASA fails, and NASA is left alone a while."""
    await holdings.get_days(span(OLD, 10))
    clock.advance(days=31)
    source.failure = SourceTimeoutError("no whole answer in time")
    ways = ["stale-while-revalidate", "stale-if-error", "stale-if-error"]
    for way in ways:
        assert {found.how for found in await holdings.get_days(span(OLD, 10))} == {way}
        await settle()
    assert source.calls == 2


async def test_hanging_range(
    holdings: Holdings, source: Archive, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While NASA hangs, a range of which all is held waits for a moment only."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.01)
    days = span(TODAY - timedelta(days=9), 10)
    await holdings.get_days(days)
    clock.advance(hours=3)
    source.hangs = True
    found = await holdings.get_days(days)
    assert {one.how for one in found} == {"hit", "stale-while-revalidate"}
    await holdings.aclose()


async def test_range_over_an_old_gap(
    holdings: Holdings, source: Archive, clock: SettableClock
) -> None:
    """While NASA fails, a range over a day that once had no picture is served without it."""
    days = span(OLD, 3)
    source.left_out = {days[1]}
    await holdings.get_days(days)
    source.failure = SourceTimeoutError("no whole answer in time")
    clock.advance(days=20)
    found = await holdings.get_days(days)
    assert [one.held.record is None for one in found] == [False, True, False]
    with pytest.raises(SourceTimeoutError):
        await ask(holdings, days[1])


async def test_permanent_gaps(holdings: Holdings, source: Archive) -> None:
    """About the four days that have no picture for good, NASA is never asked."""
    for gap in PERMANENT_GAPS:
        assert await ask(holdings, gap) == ("hit", "none")
    assert source.calls == 0


@pytest.mark.parametrize(("drawn", "renewed"), [(0.0, False), (1.0, True)])
async def test_jitter(source: Archive, clock: SettableClock, drawn: float, renewed: bool) -> None:  # noqa: FBT001
    """Records are renewed up to a tenth of their lifetime early, each at its own time."""

    class Drawn(random.Random):
        def random(self) -> float:
            return drawn

    holdings = Holdings(source, clock=clock, chance=Drawn())
    await ask(holdings, TODAY)
    clock.advance(minutes=55)
    assert (await ask(holdings, TODAY))[0] == "hit"
    await settle()
    assert source.calls == 1 + renewed


@pytest.mark.parametrize(
    ("offsets", "size", "covered"),
    [
        ([], 31, []),
        ([0], 31, [(0, 0)]),
        ([0, 30], 31, [(0, 30)]),
        ([0, 31], 31, [(0, 0), (31, 31)]),
        ([0, 5, 24, 25, 26], 25, [(0, 24), (25, 26)]),
    ],
)
def test_windows(offsets: list[int], size: int, covered: list[tuple[int, int]]) -> None:
    """Missing days are covered by as few windows as there can be."""
    days = [OLD + timedelta(days=n) for n in offsets]
    expected = [(OLD + timedelta(days=a), OLD + timedelta(days=b)) for a, b in covered]
    assert windows(days, size) == expected


async def test_partial_range(holdings: Holdings, source: Archive) -> None:
    """What a failing source leaves out is no gap: what came is kept, the rest asked for again."""
    days = span(OLD, 10)
    source.left_out = {days[5]}
    source.partial_failure = SourceTimeoutError("no whole answer in time")
    with pytest.raises(SourceTimeoutError):
        await holdings.get_days(days)
    source.left_out, source.partial_failure = set(), None
    found = await holdings.get_days(days)
    assert [one.how for one in found] == ["hit"] * 5 + ["miss"] + ["hit"] * 4
    assert source.ranges[1] == (days[5], days[5])


async def test_gap_that_expires_meanwhile(
    holdings: Holdings, source: Archive, clock: SettableClock
) -> None:
    """A gap that was held when the question came is an answer, even if its time runs out."""
    source.failure = NoRecordError(TODAY)
    await ask(holdings, TODAY)
    source.failure = None
    clock.advance(seconds=299)
    source.slow = lambda: clock.advance(seconds=2)
    found = await holdings.get_days([TODAY - timedelta(days=1), TODAY])
    assert [one.held.record is None for one in found] == [False, True]


async def test_overlapping_ranges(
    clock: SettableClock, source: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ranges that wait for their turn do not ask for what another has brought meanwhile."""
    monkeypatch.setattr(renewal, "MAX_PARALLEL_RANGES", 1)
    holdings = Holdings(source, clock=clock)
    await asyncio.gather(*(holdings.get_days(span(OLD, end)) for end in range(31, 1, -1)))
    assert source.calls == 1


async def test_parallel_calls(holdings: Holdings, source: Archive) -> None:
    """Only so many calls of NASA are under way at once, and ranges do not keep records waiting."""
    source.hangs = True
    days = [OLD + timedelta(days=40 * n) for n in range(30)]
    ranges = [asyncio.create_task(holdings.get_days([day])) for day in days]
    for _ in range(10):
        await settle()
    assert source.calls == renewal.MAX_PARALLEL_RANGES
    single = [asyncio.create_task(holdings.get(day + timedelta(days=1))) for day in days]
    for _ in range(10):
        await settle()
    assert source.calls == renewal.MAX_PARALLEL_RANGES + renewal.MAX_PARALLEL_CALLS
    source.go_on.set()
    await asyncio.gather(*ranges, *single)
    assert len(source.ranges) == len(days)


async def test_postponed_only_longer(
    holdings: Holdings, source: Archive, clock: SettableClock
) -> None:
    """A failed window does not make what is fresh in it due."""
    await holdings.get_days(span(OLD, 20)[1:-1])
    source.failure = SourceTimeoutError("no whole answer in time")
    with pytest.raises(SourceTimeoutError):
        await holdings.get_days(span(OLD, 20))
    clock.advance(seconds=61)
    assert {found.how for found in await holdings.get_days(span(OLD, 20)[1:-1])} == {"hit"}
    assert source.calls == 2
