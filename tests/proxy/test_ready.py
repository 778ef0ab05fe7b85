import asyncio
from datetime import timedelta

import pytest

from proxy import freshness
from proxy import ready as module
from proxy.holdings import Holdings
from proxy.query import parse
from proxy.ready import ReadyAnswers
from proxy.service import ApodService
from standin.calendar import SettableClock
from tests.proxy.test_holdings import OLD, TODAY
from tests.proxy.test_shared import RealArchive

DAY = b"date=2021-10-12"
SPAN = b"start_date=2021-10-10&end_date=2021-10-12"


class Proxy:
    """The way from a query to an answer that is kept."""

    def __init__(self, clock: SettableClock, *, latest_for_unpublished: bool = False) -> None:
        self.source = RealArchive()
        self.ready = ReadyAnswers(clock)
        self._clock = clock
        holdings = Holdings(self.source, clock=clock, changed=self.ready.changed)
        self.service = ApodService(
            holdings, clock=clock, latest_for_unpublished=latest_for_unpublished
        )

    async def ask(self, raw: bytes) -> None:
        """Answer on the long way."""
        today = freshness.today(self._clock.now)
        query = parse(raw, today=today, max_days=366, days_ahead=1)
        since = self.ready.mark()
        self.ready.keep(raw, query, await self.service.answer(query), since)

    def body(self, raw: bytes) -> bytes | None:
        """Give the body that is ready."""
        found = self.ready.find(raw, {})
        return found.body if found else None


@pytest.fixture
def proxy(clock: SettableClock) -> Proxy:
    """Be one."""
    return Proxy(clock)


@pytest.mark.parametrize("raw", [b"", DAY, SPAN, DAY + b"&thumbs=true&concept_tags=true"])
async def test_second_hit(proxy: Proxy, raw: bytes) -> None:
    """What has been a hit is ready; what has just been asked for is not."""
    found = []
    for _ in range(2):
        await proxy.ask(raw)
        found.append(proxy.body(raw) is not None)
    assert found == [False, True]


@pytest.mark.parametrize(
    "raw",
    [
        b"date=2021-10-12&hd=true",
        b"date=2021-10-2",
        b"thumbs=true&date=2021-10-12",
        b"start_date=2026-11-20",
        b"count=2",
        b"date=2021-10-12&thumbs=",
    ],
)
async def test_other_spellings(proxy: Proxy, raw: bytes) -> None:
    """Only one spelling of a query is kept, and none that means another thing tomorrow."""
    for _ in range(3):
        await proxy.ask(raw)
    assert proxy.body(raw) is None


async def test_api_key(proxy: Proxy) -> None:
    """An `api_key` makes no difference, wherever it stands."""
    for _ in range(2):
        await proxy.ask(SPAN)
    start, end = SPAN.split(b"&")
    for raw in (b"api_key=x&" + SPAN, SPAN + b"&api_key=DEMO_KEY", start + b"&api_key=&" + end):
        assert proxy.body(raw) == proxy.body(SPAN) is not None


@pytest.mark.parametrize(("raw", "seconds"), [(b"", 600), (DAY, 30 * 86400), (SPAN, 30 * 86400)])
async def test_due(proxy: Proxy, clock: SettableClock, raw: bytes, seconds: int) -> None:
    """It is ready for as long as nothing of it is to be renewed, give or take the jitter."""
    for _ in range(2):
        await proxy.ask(raw)
    clock.advance(seconds=seconds * 0.89)
    assert proxy.body(raw) is not None
    clock.advance(seconds=seconds * 0.12)
    assert proxy.body(raw) is None
    clock.advance(seconds=-2 * seconds)
    assert proxy.body(raw) is None


@pytest.mark.parametrize("gap", [True, False])
async def test_permanent_gap(proxy: Proxy, clock: SettableClock, *, gap: bool) -> None:
    """A range over a day that never had a picture is ready like any other."""
    raw = f"start_date=2020-06-{'09' if gap else '11'}&end_date=2020-06-12".encode()
    for _ in range(3):
        await proxy.ask(raw)
        clock.advance(seconds=10)
    found = proxy.ready.find(raw, {})
    assert found
    assert found.head.splitlines()[:2] == [b"age: 30", b"cache-control: private, max-age=2592000"]


async def test_set_back(proxy: Proxy, clock: SettableClock) -> None:
    """By a clock that was set back a list is not ready of which a part is of the future."""
    await proxy.ask(b"start_date=2021-10-10&end_date=2021-10-11")
    clock.advance(seconds=3600)
    for _ in range(2):
        await proxy.ask(SPAN)
    assert proxy.body(SPAN)
    clock.advance(seconds=-1800)
    assert proxy.body(SPAN) is None


async def test_changed(proxy: Proxy) -> None:
    """Nothing is ready any more of which a part is not what it was."""
    untouched = b"date=2020-10-12"
    for raw in (DAY, SPAN, untouched, b"") * 2:
        await proxy.ask(raw)
    proxy.ready.changed(OLD)
    assert [proxy.body(raw) is None for raw in (DAY, SPAN, untouched, b"")] == [
        True, True, False, False
    ]  # fmt: skip
    proxy.ready.changed(None)
    assert proxy.body(b"") is None


async def test_changed_meanwhile(proxy: Proxy) -> None:
    """Nor is an answer kept that was overtaken by a change while it was on its way."""
    query = parse(DAY, today=TODAY, max_days=366)
    await proxy.ask(DAY)
    since = proxy.ready.mark()
    answer = await proxy.service.answer(query)
    proxy.ready.changed(OLD)
    proxy.ready.keep(DAY, query, answer, since)
    assert proxy.body(DAY) is None


@pytest.mark.parametrize("name", [b"accept-encoding", b"if-none-match"])
async def test_long_headers(proxy: Proxy, name: bytes) -> None:
    """What a client writes into a header cannot be made to fill the memory."""
    for _ in range(2):
        await proxy.ask(DAY)
    assert proxy.ready.find(DAY, {name: b"x" * 200})
    assert not proxy.ready.find(DAY, {name: b"x" * 201})


async def test_corrected(proxy: Proxy, clock: SettableClock) -> None:
    """After a correction the new bytes are ready, and never the old ones."""
    raw = f"date={TODAY}".encode()
    for _ in range(2):
        await proxy.ask(raw)
    clock.advance(seconds=3600)
    proxy.source.title = "Corrected"
    seen = []
    for _ in range(4):
        await proxy.ask(raw)
        await asyncio.sleep(0.001)
        seen.append(b"Corrected" in (proxy.body(raw) or b"Corrected"))
    assert all(seen)
    assert proxy.body(raw)


async def test_not_out_yet(clock: SettableClock) -> None:
    """The latest in place of a day that is not out is not taken for that day's."""
    proxy = Proxy(clock, latest_for_unpublished=True)
    tomorrow = f"date={TODAY + timedelta(days=1)}".encode()
    for _ in range(3):
        await proxy.ask(tomorrow)
    assert proxy.body(tomorrow) is None


async def test_age(proxy: Proxy, clock: SettableClock) -> None:
    """Its age is that of the second in which it goes out."""
    for _ in range(2):
        await proxy.ask(DAY)
    ages = []
    for _ in range(3):
        found = proxy.ready.find(DAY, {})
        assert found
        ages.append(found.head.splitlines()[0])
        clock.advance(seconds=10.5)
    assert ages == [b"age: 0", b"age: 10", b"age: 21"]


async def test_bounded(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is too long to be kept is not."""
    monkeypatch.setattr(module, "MAX_LIST_BYTES", 10)
    for _ in range(3):
        await proxy.ask(SPAN)
    assert proxy.body(SPAN) is None
