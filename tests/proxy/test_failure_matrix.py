"""Each way in which NASA fails, times each kind of request, times what is held."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from structlog.testing import capture_logs

from astropiks.apps import create_app
from astropiks.mint import mint
from astropiks.server import serving
from proxy import service
from proxy.sources import chain, legacy, science
from proxy.sources.breaker import FIRST_PAUSE_SECONDS
from proxy.sources.retry import MAX_ATTEMPTS
from standin.app import StandIn
from standin.calendar import SettableClock
from standin.faults import ENDING, ENDLESS, Fault
from tests.conftest import NASA_KEY, SECRET, asking, make_settings

APOD = "/planetary/apod"

KINDS = {
    "latest": "",
    "day": "date=2026-11-22",
    "range": "start_date=2026-11-19&end_date=2026-11-22",
    "open range": "start_date=2026-11-19",
    "extras": "date=2026-11-22&thumbs=true&concept_tags=true",
}
STATUSES = {
    Fault.UNAVAILABLE: 503,
    Fault.OVER_LIMIT: 503,
    Fault.GATEWAY_TIMEOUT: 504,
    Fault.DRIP: 504,
    Fault.HANG: 504,
}
"""What a client gets of each fault; of all others, a 502."""

RETRIED = {Fault.BAD_GATEWAY, Fault.UNAVAILABLE, Fault.GATEWAY_TIMEOUT}

each_kind = pytest.mark.parametrize("query", KINDS.values(), ids=KINDS)
each_fault = pytest.mark.parametrize("fault", ENDING)


async def ask(client: httpx.AsyncClient, clock: SettableClock, query: str) -> httpx.Response:
    """Ask with a token of now."""
    token = mint(SECRET, now=clock.now)
    return await client.get(f"{APOD}?{query}", headers={"Approov-Token": token})


@pytest.fixture
def broken(nasa: StandIn, fault: Fault) -> StandIn:
    """Be a NASA of which both APIs fail in the same way."""
    nasa.faults.update(legacy=fault, science=fault)
    return nasa


@each_fault
@each_kind
async def test_cold(broken: StandIn, clock: SettableClock, fault: Fault, query: str) -> None:
    """With nothing held: a clear error, few calls, nothing stored, and back within one probe."""
    async with asking(broken, clock) as client:
        failed = await ask(client, clock, query)
        assert failed.status_code == failed.json()["status"] == STATUSES.get(fault, 502)
        assert failed.headers["Cache-Control"] == "no-store"
        assert "Cache-Status" not in failed.headers
        assert len(broken.requests) == 2 * (MAX_ATTEMPTS if fault in RETRIED else 1)
        broken.faults.clear()
        broken.requests.clear()
        clock.advance(seconds=max(FIRST_PAUSE_SECONDS, int(failed.headers.get("Retry-After", 0))))
        well = await ask(client, clock, query)
    assert (well.status_code, len(broken.requests)) == (200, 1)
    assert well.headers["Cache-Status"] == "astropiks; fwd=miss; stored"


@each_fault
@each_kind
async def test_fresh(nasa: StandIn, clock: SettableClock, fault: Fault, query: str) -> None:
    """What is held and fresh is served, and NASA's trouble is not even noticed."""
    async with asking(nasa, clock) as client:
        before = await ask(client, clock, query)
        nasa.faults.update(legacy=fault, science=fault)
        nasa.requests.clear()
        clock.advance(minutes=8)
        after = await ask(client, clock, query)
    assert (after.status_code, after.content, nasa.requests) == (200, before.content, [])
    assert after.headers["Cache-Status"].startswith("astropiks; hit; ttl=")
    assert "stale" not in after.headers["Cache-Status"]


@each_fault
@each_kind
async def test_stale(nasa: StandIn, clock: SettableClock, fault: Fault, query: str) -> None:
    """What is held and old is served too, says so, is not pinned, and NASA is left in peace."""
    async with asking(nasa, clock) as client:
        before = await ask(client, clock, query)
        nasa.faults.update(legacy=fault, science=fault)
        clock.advance(hours=5)
        after = [await ask(client, clock, query) for _ in range(10)]
        nasa.requests.clear()
        for _ in range(10):
            await ask(client, clock, query)
        assert nasa.requests == []
    assert {(one.status_code, one.content) for one in after} == {(200, before.content)}
    assert after[-1].headers["Cache-Status"].endswith("; detail=stale-if-error")
    assert after[-1].headers["Cache-Control"] == "private, max-age=0"


@each_fault
async def test_count(nasa: StandIn, clock: SettableClock, fault: Fault) -> None:
    """A random choice is made of what is held, if that is enough; else the failure is told."""
    async with asking(nasa, clock) as client:
        await ask(client, clock, "start_date=2026-11-01")
        nasa.faults.update(legacy=fault, science=fault)
        enough, too_many = await ask(client, clock, "count=5"), await ask(client, clock, "count=50")
    assert (enough.status_code, len(enough.json())) == (200, 5)
    assert too_many.status_code in {502, 503, 504}


@each_fault
async def test_dead_for_weeks(nasa: StandIn, clock: SettableClock, fault: Fault) -> None:
    """For four weeks without NASA, what was served once is served, and no 500 ever appears."""
    async with asking(nasa, clock) as client:
        before = {
            query: await ask(client, clock, query) for query in KINDS.values() if "=" in query
        }
        latest = await ask(client, clock, "")
        nasa.faults.update(legacy=fault, science=fault)
        nasa.requests.clear()
        for _ in range(28):
            clock.advance(days=1)
            for query, answer in before.items():
                if query == "start_date=2026-11-19":  # its end is another day now
                    continue
                again = await ask(client, clock, query)
                assert (again.status_code, again.content) == (200, answer.content)
            assert (await ask(client, clock, "")).content == latest.content
            for query in ("date=2001-01-01", "start_date=2001-01-01&end_date=2001-03-01"):
                assert (await ask(client, clock, query)).status_code in {502, 503, 504}
    assert len(nasa.requests) < 28 * 20


async def test_limit_of_staleness(nasa: StandIn, clock: SettableClock) -> None:
    """How long that goes on is a setting."""
    statuses = []
    async with asking(nasa, clock, make_settings(apod_stale_days=2)) as client:
        await ask(client, clock, "date=2026-11-22")
        nasa.faults.update(legacy=Fault.HTML, science=Fault.HTML)
        for _ in range(3):
            statuses.append((await ask(client, clock, "date=2026-11-22")).status_code)
            clock.advance(days=1, minutes=31)
    assert statuses == [200, 200, 502]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten every deadline on the way to NASA."""
    for module in (legacy, science):
        monkeypatch.setattr(module, "RECORD_SECONDS", 0.6)
    monkeypatch.setattr(chain, "FIRST_SHARE_SECONDS", 0.7)
    monkeypatch.setattr(chain, "DEADLINE_SECONDS", 1.4)


@pytest.fixture
def served() -> Iterator[tuple[StandIn, str]]:
    """Be NASA behind a real socket."""
    nasa = StandIn(keys={NASA_KEY}, clock=SettableClock(datetime(2026, 11, 23, 12, tzinfo=UTC)))
    with serving(nasa) as url:
        yield nasa, url


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("fault", [*sorted(ENDLESS), Fault.DROP])
@pytest.mark.parametrize("query", [KINDS["latest"], KINDS["day"], KINDS["range"]])
def test_sockets(served: tuple[StandIn, str], fault: Fault, query: str) -> None:
    """So it is with an answer that never begins, never ends, crawls or breaks off."""
    nasa, nasa_url = served
    clock = SettableClock(datetime(2026, 11, 23, 12, tzinfo=UTC))
    urls = {"nasa_api_base_url": nasa_url, "nasa_science_base_url": nasa_url}
    headers = {"Approov-Token": mint(SECRET, now=clock.now)}
    with (
        serving(create_app(make_settings(**urls), clock=clock)) as url,
        httpx.Client(base_url=url, headers=headers, timeout=20) as client,
    ):
        nasa.faults.update(legacy=fault, science=fault)
        failed = client.get(f"{APOD}?{query}")
        assert failed.status_code == STATUSES.get(fault, 502)
        nasa.faults.clear()
        clock.advance(seconds=FIRST_PAUSE_SECONDS)
        before = client.get(f"{APOD}?{query}")
        assert before.status_code == 200
        nasa.faults.update(legacy=fault, science=fault)
        clock.advance(hours=5)
        client.headers["Approov-Token"] = mint(SECRET, now=clock.now)
        after = client.get(f"{APOD}?{query}")
        assert (after.status_code, after.content) == (200, before.content)


async def test_whole_deadline(
    nasa: StandIn, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever hangs below, an answer has its own deadline."""
    monkeypatch.setattr(service, "DEADLINE_SECONDS", 0.05)
    nasa.faults["legacy"] = Fault.HANG
    async with asking(nasa, clock) as client:
        assert (await ask(client, clock, "date=2021-10-12")).status_code == 504


async def test_slow_call(
    nasa: StandIn, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that is too slow stands in the log as that, not as one that somebody gave up."""
    monkeypatch.setattr(chain, "FIRST_SHARE_SECONDS", 0.2)
    nasa.faults["legacy"] = Fault.HANG
    async with asking(nasa, clock) as client:
        with capture_logs() as logged:
            await ask(client, clock, "start_date=2026-11-19&end_date=2026-11-22")
    calls = [(line["source"], line["outcome"]) for line in logged if line["event"] == "nasa_call"]
    assert calls[0] == ("legacy", "timeout")
    assert calls[-1] == ("science", "answered")


async def test_bad_day(nasa: StandIn, clock: SettableClock) -> None:
    """One day that fails in the old API costs no range: the new API has it."""
    nasa.conditions.bad_days = {date(2026, 11, 20)}
    async with asking(nasa, clock) as client:
        for query in KINDS.values():
            assert (await ask(client, clock, query)).status_code == 200


async def test_back_fill(nasa: StandIn, clock: SettableClock) -> None:
    """A day that is filled in weeks later is found when the knowledge of its lack has run out."""
    late = {date(2025, 10, 17)}
    nasa.conditions.missing_days = late
    async with asking(nasa, clock) as client:
        query = "date=2025-10-17"
        assert (await ask(client, clock, query)).status_code == 404
        nasa.conditions.missing_days = set()
        clock.advance(hours=5)
        assert (await ask(client, clock, query)).status_code == 404
        clock.advance(hours=2)
        assert (await ask(client, clock, query)).status_code == 200


async def test_correction(nasa: StandIn, clock: SettableClock) -> None:
    """A recent record that is corrected is shown corrected within the hour."""
    query = "date=2026-11-22"
    async with asking(nasa, clock) as client:
        before = await ask(client, clock, query)
        nasa.conditions.edited_days = {date(2026, 11, 22)}
        clock.advance(minutes=50)
        assert (await ask(client, clock, query)).content == before.content
        clock.advance(hours=3)
        after = await ask(client, clock, query)
    assert "An earlier version" in after.json()["explanation"]
    assert after.headers["Cache-Status"] == "astropiks; fwd=stale; stored"


async def test_frozen(nasa: StandIn, clock: SettableClock) -> None:
    """While NASA publishes nothing, as in the shutdown of 2025, the latest is the last there is."""
    first = date(2026, 11, 24)
    nasa.conditions.missing_days = {first + timedelta(days=n) for n in range(43)}
    async with asking(nasa, clock) as client:
        for _ in range(42):
            clock.advance(days=1)
            assert (await ask(client, clock, "")).json()["date"] == "2026-11-23"
            assert (await ask(client, clock, "date=2026-11-24")).status_code == 404
        nasa.conditions.missing_days = set()
        clock.advance(days=2)
        assert (await ask(client, clock, "")).json()["date"] == "2027-01-06"
        assert (await ask(client, clock, "date=2026-11-24")).status_code == 200


async def test_calls_of_a_fleet(nasa: StandIn, clock: SettableClock) -> None:
    """What a fleet costs in a day depends on dates and lifetimes alone: not on its size."""
    calls = []
    async with asking(nasa, clock) as client:
        for phones in (1, 20):
            nasa.requests.clear()
            for _ in range(24 * 6):
                clock.advance(minutes=10)
                for _ in range(phones):
                    await ask(client, clock, "")
                    await ask(client, clock, "date=2026-11-20")
            calls.append(len(nasa.requests))
    assert calls[1] <= calls[0] + 2
    assert calls[0] < 24 * 6 + 10
