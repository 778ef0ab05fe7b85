import asyncio
from datetime import date

import pytest

from proxy import service as pipeline
from proxy.cache import MAX_HELD
from proxy.errors import NoRecordError, SourceTimeoutError
from proxy.freshness import DAY, HOUR, MINUTE
from proxy.query import ApodQuery
from proxy.records import Record
from proxy.service import ApodService
from standin import archive
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
        self.go_on = asyncio.Event()

    async def fetch(self, day: date | None, *, newest: date) -> Record:
        """Answer as set."""
        self.calls += 1
        if self.hangs:
            await self.go_on.wait()
        if self.failure:
            raise self.failure
        record = archive.record(day or self.latest)
        body = f'{{"title": "{self.title}", "date": "{record["date"]}"}}'.encode()
        assert date.fromisoformat(record["date"]) <= newest
        return Record(date.fromisoformat(record["date"]), body, f'"{self.title}"')


@pytest.fixture
def source() -> Archive:
    """Be NASA."""
    return Archive()


@pytest.fixture
def service(source: Archive, clock: SettableClock) -> ApodService:
    """Serve that source."""
    return ApodService(source, clock=clock)


async def ask(service: ApodService, day: date | None = OLD) -> tuple[str, str]:
    """Ask, and give how the answer was come by and its tag."""
    answer = await service.answer(ApodQuery(day))
    return answer.cache, answer.record.etag.strip('"')


async def settle() -> None:
    """Let a refresh in the background take the turns of the loop that it needs."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_hit(service: ApodService, source: Archive) -> None:
    """NASA is asked once for a date."""
    assert [(await ask(service))[0] for _ in range(3)] == ["miss", "hit", "hit"]
    assert source.calls == 1


async def test_age(service: ApodService, clock: SettableClock) -> None:
    """Age counts from NASA's answer, and never runs backwards."""
    await ask(service)
    clock.advance(seconds=90)
    assert (await service.answer(ApodQuery(OLD))).age == 90
    clock.advance(seconds=-500)
    assert (await service.answer(ApodQuery(OLD))).age == 0


async def test_latest_fills_its_date(service: ApodService, source: Archive) -> None:
    """The latest record is stored under its own date, whatever we think today is."""
    source.latest = date(2026, 11, 22)
    await ask(service, None)
    assert (await ask(service, date(2026, 11, 22)))[0] == "hit"
    assert (await ask(service, TODAY))[0] == "miss"


async def test_latest_changes(service: ApodService, source: Archive, clock: SettableClock) -> None:
    """Which record is the latest is asked again after its short life."""
    await ask(service, None)
    clock.advance(minutes=9)
    assert (await ask(service, None))[0] == "hit"
    clock.advance(days=1)
    source.latest = date(2026, 11, 24)
    assert (await service.answer(ApodQuery(None))).record.day == date(2026, 11, 24)


async def test_correction(service: ApodService, source: Archive, clock: SettableClock) -> None:
    """When a date is fetched anew, the latest answer shows the correction as well."""
    await ask(service, None)
    clock.advance(hours=3)
    source.title = "Corrected"
    await ask(service, TODAY)
    clock.advance(hours=-3)
    assert await ask(service, None) == ("hit", "Corrected")


async def test_stale_while_refreshing(
    service: ApodService, source: Archive, clock: SettableClock
) -> None:
    """Just past its lifetime a record goes out at once, and the next caller gets the new one."""
    await ask(service)
    clock.advance(days=31)
    source.title = "Corrected"
    assert await ask(service) == ("stale", "As published")
    await settle()
    assert await ask(service) == ("hit", "Corrected")


async def test_long_stale(service: ApodService, source: Archive, clock: SettableClock) -> None:
    """Long past its lifetime the new record is waited for."""
    await ask(service, TODAY)
    clock.advance(hours=3)
    source.title = "Corrected"
    assert await ask(service, TODAY) == ("refreshed", "Corrected")


async def test_stale_if_error(service: ApodService, source: Archive, clock: SettableClock) -> None:
    """While NASA fails, what is held is served for thirty days past its lifetime, and no longer."""
    await ask(service, TODAY)
    source.failure = SourceTimeoutError("no whole answer in time")
    clock.advance(seconds=HOUR + 30 * DAY - 1)
    assert await ask(service, TODAY) == ("stale", "As published")
    clock.advance(seconds=2)
    with pytest.raises(SourceTimeoutError):
        await ask(service, TODAY)


async def test_postponed(service: ApodService, source: Archive, clock: SettableClock) -> None:
    """After a failure NASA is left alone for a minute, then asked once more."""
    await ask(service, TODAY)
    clock.advance(hours=3)
    source.failure = SourceTimeoutError("no whole answer in time")
    for _ in range(5):
        assert (await ask(service, TODAY))[0] == "stale"
    assert source.calls == 2
    clock.advance(seconds=MINUTE)
    source.failure = None
    assert (await ask(service, TODAY))[0] == "refreshed"


async def test_cold_failure(service: ApodService, source: Archive) -> None:
    """A failure is not kept: the next caller asks again."""
    source.failure = SourceTimeoutError("no whole answer in time")
    with pytest.raises(SourceTimeoutError):
        await ask(service)
    source.failure = None
    assert (await ask(service))[0] == "miss"


async def test_gap(service: ApodService, source: Archive, clock: SettableClock) -> None:
    """That NASA has nothing is kept for as long as it is likely to stay so."""
    source.failure = NoRecordError(TODAY)
    for _ in range(3):
        with pytest.raises(NoRecordError, match="No data available for date: 2026-11-23"):
            await ask(service, TODAY)
    assert source.calls == 1
    clock.advance(minutes=5)
    source.failure = None
    assert (await ask(service, TODAY))[0] == "miss"


async def test_lost_record(service: ApodService, source: Archive, clock: SettableClock) -> None:
    """A record that NASA no longer knows is kept: a 404 does not outweigh it."""
    await ask(service, TODAY)
    clock.advance(hours=3)
    source.failure = NoRecordError(TODAY)
    assert await ask(service, TODAY) == ("stale", "As published")


async def test_background_failure(
    service: ApodService, source: Archive, clock: SettableClock
) -> None:
    """A refresh that fails in the background disturbs nobody."""
    await ask(service)
    clock.advance(days=31)
    source.failure = SourceTimeoutError("no whole answer in time")
    assert (await ask(service))[0] == "stale"
    await settle()
    assert (await ask(service))[0] == "stale"
    assert source.calls == 2


async def test_hanging_source(
    source: Archive, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While NASA hangs, whoever can be given an old record waits for a moment only."""
    monkeypatch.setattr(pipeline, "PATIENCE_SECONDS", 0.01)
    service = ApodService(source, clock=clock)
    await ask(service, TODAY)
    clock.advance(hours=3)
    source.hangs = True
    assert (await ask(service, TODAY))[0] == "stale"
    await service.aclose()


async def test_defect(service: ApodService, source: Archive, clock: SettableClock) -> None:
    """Even a defect of the source costs no record that is held, and one call a minute."""
    await ask(service, TODAY)
    clock.advance(hours=3)
    source.failure = ZeroDivisionError()
    for _ in range(3):
        assert (await ask(service, TODAY))[0] == "stale"
    assert source.calls == 2


async def test_meanwhile(service: ApodService, source: Archive) -> None:
    """A record that came by another way while its own call failed is served."""
    source.hangs = True
    waiting = asyncio.create_task(ask(service, TODAY))
    await settle()
    source.hangs = False
    await ask(service, None)
    source.failure = SourceTimeoutError("no whole answer in time")
    source.go_on.set()
    assert (await waiting)[0] == "hit"


@pytest.mark.parametrize("failure", [None, NoRecordError(TODAY)])
async def test_lost_race(service: ApodService, source: Archive, failure: Exception | None) -> None:
    """So it is when that call ends in a 404: the record is known to be there."""
    source.hangs = True
    waiting = asyncio.create_task(ask(service, TODAY))
    await settle()
    source.hangs = False
    await ask(service, None)
    source.failure = failure
    source.go_on.set()
    assert (await waiting)[0] in {"hit", "miss"}


async def test_latest_never_goes_back(
    service: ApodService, source: Archive, clock: SettableClock
) -> None:
    """An older record than the latest known is not the latest."""
    await ask(service, None)
    clock.advance(hours=1)
    source.latest = date(2026, 11, 21)
    assert (await service.answer(ApodQuery(None))).record.day == TODAY


async def test_clock_set_back(service: ApodService, source: Archive, clock: SettableClock) -> None:
    """What was fetched while the clock ran ahead does not stay once it is set right."""
    clock.advance(days=365)
    source.latest = date(2027, 11, 23)
    await ask(service, None)
    clock.advance(days=-365)
    source.latest = TODAY
    answer = await service.answer(ApodQuery(None))
    assert (answer.cache, answer.record.day) == ("refreshed", TODAY)


async def test_many_days(service: ApodService, source: Archive) -> None:
    """A whole archive is held, and is bounded."""
    days = [date.fromordinal(OLD.toordinal() + n) for n in range(1500)]
    for day in days:
        await ask(service, day)
    assert {(await ask(service, day))[0] for day in days} == {"hit"}
    assert source.calls == len(days)
    assert 11_500 < MAX_HELD < 100_000
