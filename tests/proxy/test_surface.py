"""The app-facing surface: the same, whichever of NASA's APIs is alive."""

import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from astropiks.mint import mint
from standin import archive
from standin.app import APOD_PATH, StandIn
from standin.calendar import SettableClock
from standin.faults import Fault
from tests.conftest import NASA_KEY, SECRET, asking, make_settings

APOD = "/planetary/apod"
DATED = f"{APOD}?date=2021-10-12"

STATES: dict[str, dict[str, Fault]] = {
    "both well": {},
    "placeholders": {"legacy": Fault.PLACEHOLDER},
    "archived": {"legacy": Fault.GONE},
    "new one down": {"science": Fault.UNAVAILABLE},
}


@pytest.fixture(params=[*STATES])
def nasa(clock: SettableClock, request: pytest.FixtureRequest) -> StandIn:
    """Be NASA in one of the states in which one of its APIs is alive."""
    standin = StandIn(keys={NASA_KEY}, clock=clock)
    standin.faults.update(STATES[request.param])
    return standin


async def test_length_in_bytes(client: httpx.AsyncClient) -> None:
    """The length of a body is that of its bytes, also where a name is not ASCII."""
    plain = {"Accept-Encoding": "identity"}
    answer = await client.get(f"{APOD}?date=2015-06-01", headers=plain)
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


@pytest.mark.parametrize("tags", ['"other"', "", "W/", "W/*", 'W/"other"', '"a*,*,b"'])
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
    """A count gives so many days for at most ten calls of each API, and is never stored."""
    answer = await client.get(f"{APOD}?count={count}")
    days = [record["date"] for record in answer.json()]
    assert len(set(days)) == len(days) == count
    calls = Counter(seen.path == APOD_PATH for seen in nasa.requests)
    assert max(calls.values()) <= 10
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


ASKED = [
    "date=2021-10-12",
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


def essence(record: dict[str, str]) -> dict[str, str]:
    """Give what a record says, without what the two APIs write differently.

    The new API folds the blanks of its texts and has its pictures elsewhere, under the same names.
    """
    said = {name: " ".join(value.split()) for name, value in record.items()}
    if said["media_type"] == "image":
        del said["url"]
        said["hdurl"] = re.sub(r".*/|\?.*", "", said["hdurl"])
    return said


@pytest.mark.parametrize("query", ASKED)
async def test_same_records(client: httpx.AsyncClient, clock: SettableClock, query: str) -> None:
    """Every query gets the records that NASA's v1 would give, in their order and form."""
    well = httpx.ASGITransport(StandIn(keys={NASA_KEY}, clock=clock))
    async with httpx.AsyncClient(transport=well, base_url="https://api.nasa.test") as direct:
        theirs = (await direct.get(f"{APOD}?{query}", headers={"X-Api-Key": NASA_KEY})).json()
    for _ in range(2):
        ours = (await client.get(f"{APOD}?{query}")).json()
        assert isinstance(ours, list) == isinstance(theirs, list)
        pairs = (ours, theirs) if isinstance(ours, list) else ([ours], [theirs])
        assert [essence(one) for one in pairs[0]] == [essence(one) for one in pairs[1]]


@pytest.mark.parametrize("day", archive.known_days(), ids=str)
async def test_known_records(client: httpx.AsyncClient, day: date) -> None:
    """Every record whose facts are NASA's comes through, whichever API has it."""
    record = (await client.get(f"{APOD}?date={day}")).json()
    assert essence(record) == essence(archive.record(day))


ZONES = {"UTC": 0, "New York": -5, "Kiritimati": 14}


@pytest.mark.parametrize("hours", ZONES.values(), ids=ZONES)
@pytest.mark.parametrize("seconds", [-1, 0, 1])
async def test_midnight(nasa: StandIn, clock: SettableClock, hours: int, seconds: int) -> None:
    """At any midnight a phone's own date gets its picture, or the latest there is; never a 500."""
    midnight = datetime(2026, 11, 24, tzinfo=UTC) - timedelta(hours=hours)
    clock.now = midnight.timestamp() + seconds
    phone = (datetime.fromtimestamp(clock.now, UTC) + timedelta(hours=hours)).date()
    async with asking(nasa, clock, make_settings(apod_unpublished="latest")) as client:
        client.headers["Approov-Token"] = mint(SECRET, now=clock.now)
        record = (await client.get(f"{APOD}?date={phone}")).json()
        latest = (await client.get(APOD)).json()
    assert record["date"] == min(phone.isoformat(), latest["date"])


async def test_midnight_as_nasa(nasa: StandIn, clock: SettableClock) -> None:
    """By NASA's own rule a date is refused until it is that day in UTC, then not there yet."""
    answers = {}
    async with asking(nasa, clock) as client:
        for moment in ("23T23:59:59", "24T00:00:00", "24T05:04:59", "24T05:10:00"):
            clock.now = datetime.fromisoformat(f"2026-11-{moment}+00:00").timestamp()
            client.headers["Approov-Token"] = mint(SECRET, now=clock.now)
            answers[moment] = (await client.get(f"{APOD}?date=2026-11-24")).status_code
    assert list(answers.values()) == [400, 404, 404, 200]
