import asyncio
import json
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from astropiks.mint import mint
from proxy.app import BASES
from standin import archive
from standin.app import StandIn
from standin.calendar import SettableClock
from standin.faults import Fault
from tests.conftest import NASA_KEY, SECRET, asking, make_settings

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


async def test_length_in_bytes(client: httpx.AsyncClient) -> None:
    """The length of a body is that of its bytes, also where a name is not ASCII."""
    answer = await client.get(f"{APOD}?date=2015-06-01")
    assert answer.json()["copyright"].startswith("Stéphane")
    assert int(answer.headers["Content-Length"]) == len(answer.content)


async def test_latest(client: httpx.AsyncClient) -> None:
    """Undated, it is the latest published record."""
    assert (await client.get(APOD)).json()["date"] == "2026-11-23"


async def test_before_publication(client: httpx.AsyncClient, clock: SettableClock) -> None:
    """From midnight UTC to New York's, the latest is yesterday's and today's is NASA's 404."""
    clock.now = datetime(2026, 11, 24, 3, tzinfo=UTC).timestamp()
    client.headers["Approov-Token"] = mint(SECRET, now=clock.now)
    assert (await client.get(APOD)).json()["date"] == "2026-11-23"
    todays = await client.get(f"{APOD}?date=2026-11-24")
    assert todays.json()["msg"] == "No data available for date: 2026-11-24"
    clock.now = datetime(2026, 11, 24, 5, 10, tzinfo=UTC).timestamp()
    client.headers["Approov-Token"] = mint(SECRET, now=clock.now)
    assert (await client.get(f"{APOD}?date=2026-11-24")).status_code == 200


@pytest.mark.parametrize(
    ("moment", "asked", "answered"),
    [
        ("2026-11-24T03:00", "2026-11-24", "2026-11-23"),
        ("2026-11-24T05:10", "2026-11-24", "2026-11-24"),
        ("2026-11-23T11:00", "2026-11-24", "2026-11-23"),
        ("2026-11-23T11:00", "2026-11-22", "2026-11-22"),
    ],
)
async def test_unpublished(
    nasa: StandIn, clock: SettableClock, moment: str, asked: str, answered: str
) -> None:
    """By setting, who is ahead of New York, as far as Kiritimati is, gets the latest picture."""
    clock.now = datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()
    async with asking(nasa, clock, make_settings(apod_unpublished="latest")) as client:
        client.headers["Approov-Token"] = mint(SECRET, now=clock.now)
        assert (await client.get(f"{APOD}?date={asked}")).json()["date"] == answered
        far = (date.fromisoformat(moment[:10]) + timedelta(days=2)).isoformat()
        assert (await client.get(f"{APOD}?date={far}")).status_code == 400
        assert (await client.get(f"{APOD}?date=2020-06-10")).status_code == 404


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
    """When NASA fails at start, the service starts all the same."""
    nasa.faults.update(legacy=Fault.HTML, science=Fault.HANG)
    async with asking(nasa, clock, make_settings(apod_warm_days=30)) as client:
        for _ in range(200):
            await asyncio.sleep(0)
        assert (await client.get("/readyz")).status_code == 200


async def test_one_cache(client: httpx.AsyncClient, nasa: StandIn) -> None:
    """Both paths and all spellings of a date share one call of NASA."""
    for prefix in BASES:
        await client.get(f"{prefix}{APOD}?date=2021-3-3&api_key=x")
        await client.get(f"{prefix}{APOD}?hd=true&date=2021-03-03")
    assert len(nasa.requests) == 1


async def test_caching_headers(client: httpx.AsyncClient, clock: SettableClock) -> None:
    """An answer says that it is private, how old it is, and for how long it is good."""
    first = (await client.get(DATED)).headers
    clock.advance(seconds=100)
    second = (await client.get(DATED)).headers
    assert (first["Age"], second["Age"]) == ("0", "100")
    assert first["Cache-Control"] == second["Cache-Control"] == "private, max-age=2592000"
    assert first["Cache-Status"] == "astropiks; fwd=miss; stored"
    assert second["Cache-Status"] == "astropiks; hit; ttl=2591900"


async def test_stale_headers(client: httpx.AsyncClient, clock: SettableClock) -> None:
    """A stale answer says so, and is not pinned downstream by the lifetime it once had."""
    await client.get(APOD)
    clock.advance(minutes=11)
    headers = (await client.get(APOD)).headers
    assert headers["Cache-Control"] == "private, max-age=0"
    assert headers["Cache-Status"] == "astropiks; hit; ttl=-60; detail=stale-while-revalidate"


@pytest.mark.parametrize("tags", ["{}", "W/{}", '"other", {}', "*"])
async def test_not_modified(client: httpx.AsyncClient, tags: str) -> None:
    """A client that has the record is told so, without its bytes."""
    etag = (await client.get(DATED)).headers["ETag"]
    answer = await client.get(DATED, headers={"If-None-Match": tags.format(etag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == etag
    assert answer.headers["Cache-Control"].startswith("private")


async def test_not_modified_in_two_lines(client: httpx.AsyncClient) -> None:
    """A list of tags may be spread over several header lines."""
    etag = (await client.get(DATED)).headers["ETag"]
    tags = [("If-None-Match", '"other"'), ("If-None-Match", etag)]
    assert (await client.get(DATED, headers=[*client.headers.items(), *tags])).status_code == 304


@pytest.mark.parametrize("tags", ['"other"', "", "W/", 'W/"other"', '"a*,*,b"'])
async def test_modified(client: httpx.AsyncClient, tags: str) -> None:
    """One that has another gets this one."""
    answer = await client.get(DATED, headers={"If-None-Match": tags})
    assert answer.status_code == 200


async def test_head(client: httpx.AsyncClient) -> None:
    """HEAD answers like GET."""
    assert (await client.head(DATED)).headers["ETag"] == (await client.get(DATED)).headers["ETag"]


@pytest.mark.parametrize(
    ("query", "status", "msg"),
    [
        ("date=2024-02-30", 400, "day is out of range for month"),
        ("date=20240101", 400, "time data '20240101' does not match format '%Y-%m-%d'"),
        ("date=2024-W01-1", 400, "time data '2024-W01-1' does not match format '%Y-%m-%d'"),
        ("date=2026-11-24", 400, "Date must be between Jun 16, 1995 and Nov 23, 2026."),
        ("date=2020-06-10", 404, "No data available for date: 2020-06-10"),
    ],
)
async def test_backend_errors(client: httpx.AsyncClient, query: str, status: int, msg: str) -> None:
    """What NASA's backend would refuse is refused in its words, and never stored downstream."""
    answer = await client.get(f"{APOD}?{query}")
    body = answer.json()
    assert (answer.status_code, body["code"], body["msg"]) == (status, status, msg)
    assert (body["status"], body["service_version"]) == (status, "v1")
    assert answer.headers["Cache-Control"] == "no-store"


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
    "time-out": (504, PlainTextResponse("marker", 504), None),
    "quota": (503, PlainTextResponse("marker", 429, {"Retry-After": "2870"}), "2870"),
    "unavailable": (503, PlainTextResponse("marker", 503), "60"),
    "key refused": (502, PlainTextResponse("marker", 403), None),
    "error": (502, PlainTextResponse("marker", 500), None),
    "HTML": (502, HTMLResponse("<html>marker</html>"), None),
}


@pytest.mark.parametrize(("status", "answer", "retry_after"), UPSTREAM.values(), ids=UPSTREAM)
async def test_upstream_trouble(
    clock: SettableClock, token: str, status: int, answer: Response, retry_after: str | None
) -> None:
    """Trouble at NASA is a 502, 503 or 504 in the envelope, with nothing of NASA's body in it."""
    async with asking(httpx.ASGITransport(answer), clock) as client:
        got = await client.get(DATED, headers={"Approov-Token": token})
    assert got.status_code == got.json()["status"] == status
    assert got.headers.get("Retry-After") == retry_after
    assert got.headers["Content-Type"] == "application/problem+json"
    assert "marker" not in got.text


async def test_held_through_trouble(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """What was served once is served still when NASA fails."""
    async with asking(nasa, clock) as client:
        client.headers["Approov-Token"] = token
        before = await client.get(APOD)
        nasa.faults.update(legacy=Fault.UNAVAILABLE, science=Fault.HTML)
        clock.advance(minutes=50)
        after = await client.get(APOD)
        cold = await client.get(DATED)
    assert (after.status_code, after.content) == (200, before.content)
    assert cold.status_code == 502


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


SAME = [
    "date=2021-10-12&hd=true",
    "date=2021-11-08&thumbs=true",
    "date=2018-03-05&thumbs=True",
    "date=2021-10-12&thumbs=true&concept_tags=True",
    "concept_tags=False",
    "start_date=2021-10-10&end_date=2021-10-14",
    "start_date=2020-06-08&end_date=2020-06-12",
    "start_date=1995-06-16&end_date=1995-06-20",
    "start_date=1995-06-17&end_date=1995-06-19",
    "start_date=2021-10-12&end_date=2021-10-12",
    "start_date=2026-11-01",
    "start_date=2021-11-01&end_date=2021-12-31&thumbs=true&concept_tags=x",
    "start_date=2025-11-23",
]


@pytest.mark.parametrize("query", SAME)
async def test_same_bytes_as_nasa(client: httpx.AsyncClient, nasa: StandIn, query: str) -> None:
    """Objects and ranges, with everything a request may add, are NASA's bytes."""
    transport = httpx.ASGITransport(nasa)
    async with httpx.AsyncClient(transport=transport, base_url="https://api.nasa.test") as direct:
        theirs = await direct.get(f"{APOD}?{query}", headers={"X-Api-Key": NASA_KEY})
    for _ in range(2):
        ours = await client.get(f"{APOD}?{query}")
        assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content)


async def test_range_headers(client: httpx.AsyncClient, clock: SettableClock) -> None:
    """A range is as old as its oldest part and as good as its shortest-lived one."""
    url = f"{APOD}?start_date=2026-11-20&end_date=2026-11-23"
    first = await client.get(url)
    clock.advance(minutes=10)
    second = await client.get(url)
    assert first.headers["Cache-Status"] == "astropiks; fwd=miss; stored"
    assert second.headers["Cache-Status"] == "astropiks; hit; ttl=3000"
    assert (second.headers["Age"], second.headers["Cache-Control"]) == (
        "600",
        "private, max-age=3600",
    )
    again = await client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("count", [1, 5, 10, 11, 40, 100])
async def test_count(client: httpx.AsyncClient, nasa: StandIn, count: int) -> None:
    """A count gives so many different days for at most ten calls, and is never stored."""
    answer = await client.get(f"{APOD}?count={count}")
    days = [record["date"] for record in answer.json()]
    assert len(set(days)) == len(days) == count
    assert len(nasa.requests) <= 10
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert "ETag" not in answer.headers


async def test_count_is_random(client: httpx.AsyncClient) -> None:
    """The next answer is another, spread over the archive and in no order."""
    answers = [(await client.get(f"{APOD}?count=10")).json() for _ in range(3)]
    days = [[record["date"] for record in answer] for answer in answers]
    assert days[0] != days[1] != days[2]
    assert any(one != sorted(one) for one in days)
    assert len({day[:4] for one in days for day in one}) > 5


async def test_count_while_nasa_is_down(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """While NASA fails a count is drawn from what is held, if that is enough."""
    async with asking(nasa, clock) as client:
        client.headers["Approov-Token"] = token
        await client.get(f"{APOD}?start_date=2021-10-01&end_date=2021-10-31")
        nasa.faults.update(legacy=Fault.SERVER_ERROR, science=Fault.HTML)
        assert len((await client.get(f"{APOD}?count=20")).json()) == 20
        assert (await client.get(f"{APOD}?count=40")).status_code in {502, 503}


async def test_long_range(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """The bound on ranges is a setting."""
    async with asking(nasa, clock, make_settings(apod_max_range_days=7)) as client:
        client.headers["Approov-Token"] = token
        url = f"{APOD}?start_date=2021-10-01&end_date="
        assert (await client.get(f"{url}2021-10-07")).status_code == 200
        assert (await client.get(f"{url}2021-10-08")).json()["code"] == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_methods(client: httpx.AsyncClient, nasa: StandIn, method: str) -> None:
    """Only reading is served."""
    answer = await client.request(method, APOD, content=b"x")
    assert answer.status_code == 405
    assert nasa.requests == []
