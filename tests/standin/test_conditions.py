from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import httpx
import pytest

from standin import app, control
from standin.app import StandIn
from standin.calendar import SettableClock
from standin.conditions import CORRECTION, Conditions
from tests.conftest import NASA_KEY

APOD = "/planetary/apod"
POSTS = "/wp-json/wp/v2/apod-basic"
CONDITIONS = "/standin/conditions"


@pytest.fixture
async def direct(nasa: StandIn) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the stand-in without a proxy between."""
    transport = httpx.ASGITransport(nasa)
    async with httpx.AsyncClient(transport=transport, base_url="http://nasa.test") as client:
        client.headers["X-Api-Key"] = NASA_KEY
        yield client


async def test_control(direct: httpx.AsyncClient, nasa: StandIn) -> None:
    """Conditions are read, changed in part, and reset, at an address that only it has."""
    calm = (await direct.get(CONDITIONS)).json()
    change = {"faults": {"legacy": "placeholder"}, "bad_days": ["2021-10-12"]}
    changed = (await direct.patch(CONDITIONS, json=change)).json()
    assert changed == {**calm, **change}
    assert (await direct.get(APOD)).json()["title"] == "NASA Science"
    assert (await direct.delete(CONDITIONS)).json() == calm
    assert (await direct.get(APOD)).json()["date"] == "2026-11-23"
    assert [seen.path for seen in nasa.requests] == [APOD, APOD]


async def test_seen(direct: httpx.AsyncClient) -> None:
    """What it was asked can be read there too, without queries, which may hold keys."""
    await direct.get(f"{APOD}?date=2021-10-12&api_key=x")
    assert (await direct.get("/standin/requests")).json() == [{"method": "GET", "path": APOD}]


@pytest.mark.parametrize(
    "change",
    [
        "",
        "[]",
        '{"faults": {"legacy": "sulking"}}',
        '{"faults": {"mars": "500"}}',
        '{"latency_seconds": -1}',
        '{"ahead_seconds": NaN}',
        '{"bad_days": ["1995-06-15"]}',
        '{"weather": "rain"}',
        '{"latency_seconds": 5, "picture_bytes": 0}',
    ],
)
async def test_bad_change(direct: httpx.AsyncClient, nasa: StandIn, change: str) -> None:
    """A change that is none says what is wrong, and changes nothing."""
    answer = await direct.patch(CONDITIONS, content=change)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])
    assert nasa.conditions == Conditions()


@pytest.mark.parametrize("text", ["latency", "latency_seconds=soon", "=", "x=1"])
def test_bad_assignment(text: str) -> None:
    """So it is on the command line."""
    with pytest.raises(control.ConditionError):
        control.change(Conditions(), control.parse([text]))


async def test_bad_day(direct: httpx.AsyncClient, nasa: StandIn) -> None:
    """A day that cannot be read fails, and with it each range that it is in."""
    nasa.conditions.bad_days = {date(2021, 10, 12)}
    statuses = [
        (await direct.get(f"{APOD}?{query}")).status_code
        for query in (
            "date=2021-10-12",
            "date=2021-10-13",
            "start_date=2021-10-11&end_date=2021-10-13",
            "start_date=2021-10-13&end_date=2021-10-14",
        )
    ]
    assert statuses == [500, 200, 500, 200]


async def test_missing_day(direct: httpx.AsyncClient, nasa: StandIn) -> None:
    """A day may come late, as those of the shutdown of 2025 did: in both APIs."""
    late = date(2026, 11, 23)
    nasa.conditions.missing_days = {late}
    assert (await direct.get(APOD)).json()["date"] == "2026-11-22"
    assert (await direct.get(f"{APOD}?date={late}")).status_code == 404
    assert (await direct.get(f"{POSTS}/261123")).status_code == 404
    assert (await direct.get(f"{POSTS}?per_page=1")).json()[0]["date"] == "2026-11-22"
    assert (await direct.get(f"{APOD}?start_date={late}")).json() == []
    nasa.conditions.missing_days = set()
    assert (await direct.get(APOD)).json()["date"] == "2026-11-23"


async def test_edited_day(direct: httpx.AsyncClient, nasa: StandIn) -> None:
    """A record may be corrected after it is out: in both APIs."""
    nasa.conditions.edited_days = {date(2026, 11, 22)}
    v1 = (await direct.get(f"{APOD}?date=2026-11-22")).json()
    post = (await direct.get(f"{POSTS}/261122")).json()
    assert CORRECTION in v1["explanation"]
    assert CORRECTION in post["explanation"]


async def test_clock(direct: httpx.AsyncClient, nasa: StandIn, clock: SettableClock) -> None:
    """Its clock can be put ahead of the one it was given."""
    nasa.conditions.ahead_seconds = 24 * 3600
    assert (await direct.get(APOD)).json()["date"] == "2026-11-24"
    assert nasa.clock() == clock.now + 24 * 3600
    assert clock.now == datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


async def test_latency(direct: httpx.AsyncClient, nasa: StandIn) -> None:
    """Every answer may take its time, but that of the control address."""
    nasa.conditions.latency_seconds = 300
    await direct.delete(CONDITIONS)
    nasa.conditions.latency_seconds = 0.001
    assert (await direct.get(APOD)).status_code == 200


async def test_others(direct: httpx.AsyncClient) -> None:
    """Other APIs want the key too, count against one quota, and may repeat the key in links."""
    feed = await direct.get("/neo/rest/v1/feed?start_date=2026-11-23")
    notes = await direct.get("/DONKI/notifications?type=FLR")
    refused = await direct.get("/EPIC/api/natural", headers={"X-Api-Key": "x"})
    assert f"api_key={NASA_KEY}" in feed.text
    assert notes.headers["Cache-Control"] == "public, max-age=300"
    assert [one.headers["X-RateLimit-Remaining"] for one in (feed, notes)] == ["999", "998"]
    assert refused.status_code == 403


async def test_few_requests(direct: httpx.AsyncClient, nasa: StandIn) -> None:
    """What it remembers of the past is bounded."""
    await direct.get(APOD)
    nasa.requests *= 2 * app.MAX_REQUESTS
    await direct.get(f"{APOD}?date=2021-10-12")
    assert len(nasa.requests) == app.MAX_REQUESTS
    assert nasa.requests[-1].query == "date=2021-10-12"
