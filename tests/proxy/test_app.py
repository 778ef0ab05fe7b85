import asyncio
import json
from datetime import date

import httpx
import pytest
import structlog
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from structlog.testing import capture_logs

from proxy.paths import BASES
from standin import archive
from standin.app import StandIn
from standin.calendar import SettableClock
from standin.faults import Fault
from tests.conftest import NASA_KEY, asking, make_settings
from tests.proxy.test_surface import ASKED

APOD = "/planetary/apod"
DATED = f"{APOD}?date=2021-10-12"


@pytest.mark.parametrize("prefix", BASES)
async def test_record(client: httpx.AsyncClient, prefix: str) -> None:
    """An attested app gets NASA's bytes, at NASA's path and at the one of the Astropiks app."""
    answer = await client.get(f"{prefix}{DATED}")
    expected = archive.record(date(2021, 10, 12))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert (
        answer.content
        == json.dumps(expected, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    )


async def test_warm(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """At start the last days are fetched, in two calls for a month, and nobody waits for them."""
    async with asking(nasa, clock, make_settings(apod_warm_days=30)) as client:
        for _ in range(200):
            await asyncio.sleep(0)
        calls = len(nasa.requests)
        client.headers["Approov-Token"] = token
        answer = await client.get(f"{APOD}?start_date=2026-10-25")
    assert len(answer.json()) == 30
    assert answer.headers["Cache-Status"].startswith("astropiks; hit")
    assert calls == len(nasa.requests) == 2


async def test_warm_without_nasa(nasa: StandIn, clock: SettableClock) -> None:
    """When NASA fails at start, the service starts all the same, and says that it is cold."""
    nasa.faults.update(legacy=Fault.HTML, science=Fault.HTML)
    with capture_logs() as logged:
        async with asking(nasa, clock, make_settings(apod_warm_days=30)) as client:
            for _ in range(200):
                await asyncio.sleep(0)
            assert (await client.get("/readyz")).status_code == 200
    assert [line["reason"] for line in logged if line["event"] == "warming_failed"] == ["invalid"]


async def test_reason(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """What NASA's trouble was stands in the line of the request that it cost, set aside or not."""
    nasa.faults.update(legacy=Fault.HTML, science=Fault.UNAVAILABLE)
    async with asking(nasa, clock, make_settings(apod_sources="science")) as client:
        with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logged:
            for day in (12, 13):
                url = f"{APOD}?date=2021-10-{day}"
                await client.get(url, headers={"Approov-Token": token})
    lines = [line for line in logged if line["event"] == "request"]
    assert [line["reason"] for line in lines] == ["unavailable", "unavailable"]
    assert lines[1]["detail"] == "science is set aside"


async def test_one_cache(client: httpx.AsyncClient, nasa: StandIn) -> None:
    """Both paths and all spellings of a date share one call of NASA."""
    for prefix in BASES:
        await client.get(f"{prefix}{APOD}?date=2021-3-3&api_key=x")
        await client.get(f"{prefix}{APOD}?hd=true&date=2021-03-03")
    assert len(nasa.requests) == 1


async def test_same_text_as_nasa(client: httpx.AsyncClient, nasa: StandIn) -> None:
    """A bad query gets the very text that NASA gives for it, without asking NASA."""
    queries = ["_=1", "date=soon", "date=2024-01-01T00", "date=1995-06-15", "count=0", "count=x"]
    queries += ["end_date=2021-10-12", "start_date=2021-10-13&end_date=2021-10-12", "count=101"]
    queries += ["date=2021-10-12&count=1", "start_date=2021-13-13", "date=0000-01-01"]
    transport = httpx.ASGITransport(nasa)
    async with httpx.AsyncClient(transport=transport, base_url="https://api.nasa.test") as direct:
        direct.headers["X-Api-Key"] = NASA_KEY
        theirs = [(await direct.get(f"{APOD}?{query}")).json()["msg"] for query in queries]
    asked = len(nasa.requests)
    ours = [(await client.get(f"{APOD}?{query}")).json()["msg"] for query in queries]
    assert ours == theirs
    assert len(nasa.requests) == asked


UPSTREAM = {
    "time-out": (504, PlainTextResponse("marker", 504), "60"),
    "quota": (503, PlainTextResponse("marker", 429, {"Retry-After": "2870"}), "2870"),
    "unavailable": (503, PlainTextResponse("marker", 503), "60"),
    "key refused": (502, PlainTextResponse("marker", 403), "60"),
    "error": (502, PlainTextResponse("marker", 500), "60"),
    "HTML": (502, HTMLResponse("<html>marker</html>"), "60"),
}


@pytest.mark.parametrize(("status", "answer", "retry_after"), UPSTREAM.values(), ids=UPSTREAM)
async def test_upstream_trouble(
    clock: SettableClock, token: str, status: int, answer: Response, retry_after: str
) -> None:
    """Trouble at NASA is a 502, 503 or 504 in the envelope, with nothing of NASA's body in it."""
    async with asking(httpx.ASGITransport(answer), clock) as client:
        got = await client.get(DATED, headers={"Approov-Token": token})
    assert got.status_code == got.json()["status"] == status
    assert got.headers["Retry-After"] == retry_after
    assert got.headers["Content-Type"] == "application/problem+json"
    assert "marker" not in got.text


async def test_nothing_of_the_client_reaches_nasa(
    client: httpx.AsyncClient, nasa: StandIn, token: str
) -> None:
    """NASA sees a request of ours: no header, key, token or cookie of the client's in any form."""
    headers = {
        "X-Api-Key": "client-marker",
        "Authorization": "Bearer client-marker",
        "Cookie": "a=client-marker",
        "User-Agent": "client-marker",
        "X-Forwarded-For": "client-marker",
        "traceparent": "client-marker",
        "X-Request-ID": "client-marker",
    }
    await client.get(f"{DATED}&api_key=client-marker", headers=headers)
    (seen,) = nasa.requests
    everything = f"{seen.path}?{seen.query} {seen.headers.raw!r}"
    assert "client-marker" not in everything
    assert not any(part in everything for part in token.split("."))
    assert seen.headers["X-Api-Key"] == NASA_KEY


async def test_key_in_query(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """By setting, NASA gets the key in the query."""
    async with asking(nasa, clock, make_settings(nasa_api_key_in="query")) as client:
        answer = await client.get(DATED, headers={"Approov-Token": token})
    assert answer.status_code == 200
    assert nasa.requests[0].query == f"date=2021-10-12&api_key={NASA_KEY}"


@pytest.mark.parametrize("query", ASKED)
async def test_same_bytes_as_nasa(client: httpx.AsyncClient, nasa: StandIn, query: str) -> None:
    """Objects and ranges, with everything a request may add, are NASA's bytes."""
    transport = httpx.ASGITransport(nasa)
    async with httpx.AsyncClient(transport=transport, base_url="https://api.nasa.test") as direct:
        theirs = await direct.get(f"{APOD}?{query}", headers={"X-Api-Key": NASA_KEY})
    for _ in range(2):
        ours = await client.get(f"{APOD}?{query}")
        assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)
