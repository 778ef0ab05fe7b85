import asyncio
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from astropiks.mint import mint
from proxy.errors import SourceInvalidError, SourceUnavailableError
from proxy.sources import chain, legacy
from proxy.sources.breaker import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Breaker, Ticket
from standin.app import StandIn
from standin.calendar import SettableClock
from standin.faults import ENDING, Fault
from tests.conftest import NASA_KEY, SECRET, asking, make_settings

APOD = "/planetary/apod"
DATED = f"{APOD}?date=2021-10-12"
RANGE = f"{APOD}?start_date=2021-10-01&end_date=2021-11-30"


async def ask(client: httpx.AsyncClient, clock: SettableClock, path: str) -> httpx.Response:
    """Ask with a token of now."""
    return await client.get(path, headers={"Approov-Token": mint(SECRET, now=clock.now)})


def asked(nasa: StandIn) -> list[str]:
    """Give which APIs were asked, in order."""
    return ["legacy" if seen.path == APOD else "science" for seen in nasa.requests]


async def test_first(nasa: StandIn, clock: SettableClock) -> None:
    """While the preferred source is well, only it is asked."""
    async with asking(nasa, clock) as client:
        for path in (APOD, DATED, RANGE):
            assert (await ask(client, clock, path)).status_code == 200
    assert set(asked(nasa)) == {"legacy"}


@pytest.mark.parametrize("fault", ENDING)
@pytest.mark.parametrize("path", [APOD, DATED, RANGE, f"{APOD}?count=20", f"{DATED}&thumbs=true"])
async def test_other(nasa: StandIn, clock: SettableClock, fault: Fault, path: str) -> None:
    """Whatever is wrong with the old API, the app is answered from the new one."""
    nasa.faults["legacy"] = fault
    async with asking(nasa, clock) as client:
        answer = await ask(client, clock, path)
    assert answer.status_code == 200
    records = answer.json() if isinstance(answer.json(), list) else [answer.json()]
    assert all(record["service_version"] == "v1" for record in records)
    assert "NASA Science" not in answer.text
    assert "science" in asked(nasa)


async def test_hanging(
    nasa: StandIn, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that hangs leaves time for the next."""
    monkeypatch.setattr(chain, "FIRST_SHARE_SECONDS", 0.05)
    nasa.faults["legacy"] = Fault.HANG
    async with asking(nasa, clock) as client:
        assert (await ask(client, clock, DATED)).status_code == 200


async def test_both_hang(
    nasa: StandIn, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When all hang, the whole answer has one deadline."""
    monkeypatch.setattr(chain, "FIRST_SHARE_SECONDS", 0.05)
    monkeypatch.setattr(chain, "DEADLINE_SECONDS", 0.1)
    nasa.faults.update(legacy=Fault.HANG, science=Fault.HANG)
    async with asking(nasa, clock) as client:
        assert (await ask(client, clock, DATED)).status_code == 504


@pytest.mark.parametrize("fault", ENDING)
async def test_both_fail(nasa: StandIn, clock: SettableClock, fault: Fault) -> None:
    """When both fail, it is a 502, 503 or 504, never a 500; what was served once is served."""
    async with asking(nasa, clock) as client:
        before = {path: await ask(client, clock, path) for path in (APOD, DATED, RANGE)}
        nasa.faults.update(legacy=fault, science=fault)
        for _ in range(20):
            clock.advance(days=1)
            for path, answer in before.items():
                again = await ask(client, clock, path)
                assert (again.status_code, again.content) == (200, answer.content)
            cold = await ask(client, clock, f"{APOD}?date=2001-01-01")
            assert cold.status_code in {502, 503, 504}


async def test_set_aside(nasa: StandIn, clock: SettableClock) -> None:
    """A failing source is set aside, probed by one call after a while, and comes back."""
    nasa.faults["legacy"] = Fault.PLACEHOLDER
    days = iter(date(2015, 1, 1) + timedelta(days=n) for n in range(1000))

    async def ask_for(count: int) -> list[str]:
        nasa.requests.clear()
        batch = [ask(client, clock, f"{APOD}?date={next(days)}") for _ in range(count)]
        assert {answer.status_code for answer in await asyncio.gather(*batch)} == {200}
        return asked(nasa)

    async with asking(nasa, clock) as client:
        for _ in range(3):
            await ask_for(1)
        assert set(await ask_for(20)) == {"science"}
        clock.advance(seconds=FIRST_PAUSE_SECONDS)
        assert (await ask_for(20)).count("legacy") == 1
        nasa.faults.clear()
        clock.advance(seconds=2 * FIRST_PAUSE_SECONDS)
        assert await ask_for(1) == ["legacy"]
        assert set(await ask_for(20)) == {"legacy"}


async def test_quota(nasa: StandIn, clock: SettableClock) -> None:
    """A 429 stops all calls to that source until Retry-After."""
    nasa.faults["legacy"] = Fault.OVER_LIMIT
    async with asking(nasa, clock, make_settings(apod_sources="legacy")) as client:
        first = await ask(client, clock, DATED)
        clock.advance(seconds=2869)
        later = await ask(client, clock, f"{APOD}?date=2021-10-13")
        nasa.faults.clear()
        assert len(nasa.requests) == 1
        clock.advance(seconds=1)
        assert (await ask(client, clock, DATED)).status_code == 200
    assert (first.status_code, first.headers["Retry-After"]) == (503, "2870")
    assert (later.status_code, later.headers["Retry-After"]) == (503, "1")


async def test_reserve(clock: SettableClock) -> None:
    """When the key's quota runs low, the new API takes over all but the latest picture."""
    nasa = StandIn(keys={NASA_KEY}, clock=clock, hourly_limit=20)
    async with asking(nasa, clock) as client:
        for n in range(1, 31):
            assert (await ask(client, clock, f"{APOD}?date=2015-01-{n:02}")).status_code == 200
        assert asked(nasa).count("legacy") == 16
        clock.advance(minutes=4)
        assert (await ask(client, clock, APOD)).status_code == 200
    assert asked(nasa)[-1] == "legacy"


async def test_second_attempt(clock: SettableClock) -> None:
    """A passing failure is asked again before anybody hears of it."""

    class Hiccup(StandIn):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await super().__call__(scope, receive, send)
            self.faults.clear()

    nasa = Hiccup(keys={NASA_KEY}, clock=clock)
    async with asking(nasa, clock) as client:
        for number, fault in enumerate(("502", "503", "504")):
            nasa.faults["legacy"] = Fault(fault)
            answer = await ask(client, clock, f"{APOD}?date=2015-01-0{number + 1}")
            assert answer.status_code == 200
    assert asked(nasa) == ["legacy"] * 6


async def test_days_without_a_picture(nasa: StandIn, clock: SettableClock) -> None:
    """Old days of which the new API has no picture do not cut off all the others."""
    nasa.faults["legacy"] = Fault.GONE
    nasa.conditions.pictureless_days = {date(1998, 3, day) for day in range(1, 10)}
    async with asking(nasa, clock) as client:
        for day in range(1, 6):
            odd = await ask(client, clock, f"{APOD}?date=1998-03-0{day}")
            assert odd.status_code == 502
            clock.advance(seconds=FIRST_PAUSE_SECONDS)
        assert (await ask(client, clock, DATED)).status_code == 200
        assert (await ask(client, clock, APOD)).status_code == 200


class Frozen:
    """A NASA whose old API stands still while the new one goes on, as an archived one would."""

    def __init__(self, at: datetime, clock: SettableClock) -> None:
        self.old = StandIn(keys={"nasa-key-of-the-tests"}, clock=SettableClock(at))
        self.new = StandIn(keys=(), clock=clock)

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Answer by path."""
        await (self.old if scope["path"] == APOD else self.new)(scope, receive, send)


async def test_archived(clock: SettableClock) -> None:
    """An old API that knows nothing newer than its last day is helped out by the new one."""
    frozen = httpx.ASGITransport(Frozen(datetime(2026, 11, 20, 12, tzinfo=UTC), clock))
    async with asking(frozen, clock) as client:
        assert (await ask(client, clock, APOD)).json()["date"] == "2026-11-23"
        assert (await ask(client, clock, f"{APOD}?date=2026-11-22")).status_code == 200
        days = (await ask(client, clock, f"{APOD}?start_date=2026-11-18")).json()
        assert [record["date"][-2:] for record in days] == ["18", "19", "20", "21", "22", "23"]
        assert (await ask(client, clock, f"{APOD}?date=2020-06-10")).status_code == 404


async def test_only_science(nasa: StandIn, clock: SettableClock) -> None:
    """The new API alone needs no key of NASA's."""
    settings = make_settings(apod_sources="science", nasa_api_key=None)
    async with asking(nasa, clock, settings) as client:
        for path in (APOD, DATED, RANGE, f"{APOD}?count=20"):
            assert (await ask(client, clock, path)).status_code == 200
        assert (await ask(client, clock, f"{APOD}?date=2020-06-10")).status_code == 404
    assert set(asked(nasa)) == {"science"}


async def test_nothing_and_failure(clock: SettableClock) -> None:
    """That the old API has nothing is not believed while the new one cannot be asked."""
    frozen = Frozen(datetime(2026, 11, 20, 12, tzinfo=UTC), clock)
    frozen.new.faults["science"] = Fault.UNAVAILABLE
    async with asking(httpx.ASGITransport(frozen), clock) as client:
        for path in (f"{APOD}?date=2026-11-22", f"{APOD}?start_date=2026-11-18"):
            assert (await ask(client, clock, path)).status_code in {502, 503}
        frozen.new.faults.clear()
        clock.advance(minutes=11)
        assert (await ask(client, clock, f"{APOD}?date=2026-11-22")).status_code == 200


async def test_defect(clock: SettableClock, monkeypatch: pytest.MonkeyPatch, nasa: StandIn) -> None:
    """Even a defect in reading one source is answered from the other."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(legacy, "_record", broken)
    async with asking(nasa, clock) as client:
        assert (await ask(client, clock, DATED)).status_code == 200


async def test_many_dates(nasa: StandIn, clock: SettableClock) -> None:
    """A crowd of cold dates is answered, and nobody is told that NASA is slow."""
    async with asking(nasa, clock) as client:
        days = [date(2015, 1, 1) + timedelta(days=n) for n in range(200)]
        answers = await asyncio.gather(*(ask(client, clock, f"{APOD}?date={d}") for d in days))
    assert {answer.status_code for answer in answers} == {200}
    assert set(asked(nasa)) == {"legacy"}


def test_breaker_opens(clock: SettableClock) -> None:
    """One odd answer is forgiven; three in a row are not."""
    breaker = Breaker(clock)
    for _ in range(5):
        for tell in (breaker.failed, breaker.failed, lambda ticket, _: breaker.succeeded(ticket)):
            tell(admitted(breaker), SourceInvalidError("odd"))
    for _ in range(3):
        breaker.failed(admitted(breaker), SourceInvalidError("odd"))
    assert breaker.admit() is None


def admitted(breaker: Breaker) -> Ticket:
    """Be let through."""
    ticket = breaker.admit()
    assert ticket is not None
    return ticket


def test_breaker_probes(clock: SettableClock) -> None:
    """After its pause one caller may try; its failure doubles the pause, up to a bound."""
    breaker = Breaker(clock)
    breaker.failed(admitted(breaker), SourceUnavailableError("busy"))
    pauses = []
    for _ in range(8):
        began = clock.now
        while (ticket := breaker.admit()) is None:
            clock.advance(seconds=1)
        assert breaker.admit() is None
        pauses.append(clock.now - began)
        breaker.failed(ticket, SourceInvalidError("still"))
    assert pauses[:3] == [30, 60, 120]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_breaker_abandoned(clock: SettableClock) -> None:
    """A probe that is given up leaves the place to another."""
    breaker = Breaker(clock)
    breaker.failed(admitted(breaker), SourceUnavailableError("busy", retry_after_seconds=5))
    clock.advance(seconds=5)
    breaker.abandoned(admitted(breaker))
    assert breaker.admit() is not None


def test_breaker_in_a_crowd(clock: SettableClock) -> None:
    """Calls of one short failure count once, and what an older call tells changes nothing."""
    breaker = Breaker(clock)
    tickets = [admitted(breaker) for _ in range(8)]
    for ticket in tickets[:-1]:
        breaker.failed(ticket, SourceInvalidError("blip"))
    breaker.succeeded(tickets[-1])
    assert breaker.admit() is None
    assert breaker.retry_after_seconds == FIRST_PAUSE_SECONDS


def test_breaker_honours_the_longest(clock: SettableClock) -> None:
    """Retry-After holds whatever older calls say."""
    breaker = Breaker(clock)
    tickets = [admitted(breaker) for _ in range(2)]
    breaker.failed(tickets[0], SourceUnavailableError("quota", retry_after_seconds=2870))
    breaker.failed(tickets[1], SourceUnavailableError("quota", retry_after_seconds=60))
    assert breaker.retry_after_seconds == 2870


def test_breaker_and_clock(clock: SettableClock) -> None:
    """A clock that is set back does not keep a source out."""
    breaker = Breaker(clock)
    breaker.failed(admitted(breaker), SourceUnavailableError("busy"))
    clock.advance(days=-1)
    assert breaker.admit() is not None
