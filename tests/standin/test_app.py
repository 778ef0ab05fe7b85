import base64
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from standin.app import StandIn
from standin.calendar import SettableClock

URL = "/planetary/apod?date=2021-10-12"


@pytest.fixture
async def direct(clock: SettableClock) -> AsyncIterator[httpx.AsyncClient]:
    """Ask the stand-in without a proxy between."""
    app = StandIn(keys={"good"}, clock=clock, hourly_limit=3)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://api.nasa.test"
    ) as client:
        yield client


@pytest.mark.parametrize(
    "key",
    [
        {"headers": {"X-Api-Key": "good"}},
        {"params": {"date": "2021-10-12", "api_key": "good"}},
        {"headers": {"Authorization": f"Basic {base64.b64encode(b'good:').decode()}"}},
        {"headers": {"X-Api-Key": "good"}, "params": {"date": "2021-10-12", "api_key": "bad"}},
    ],
)
async def test_key_places(direct: httpx.AsyncClient, key: dict[str, dict[str, str]]) -> None:
    """The key counts in each of the gateway's three places, the header first."""
    answer = await direct.get(URL, **key)  # type: ignore[arg-type]
    assert answer.status_code == 200
    assert answer.json()["date"] == "2021-10-12"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "API_KEY_MISSING"),
        ({"X-Api-Key": "bad"}, "API_KEY_INVALID"),
        ({"Authorization": "Basic !"}, "API_KEY_MISSING"),
        ({"Authorization": "Bearer good"}, "API_KEY_MISSING"),
    ],
)
async def test_bad_keys(direct: httpx.AsyncClient, headers: dict[str, str], code: str) -> None:
    """Without a good key it is the gateway's 403, which tells nothing of limits."""
    answer = await direct.get(URL, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, code)
    assert "X-RateLimit-Limit" not in answer.headers
    assert answer.text.startswith('{\n  "error": {\n')


async def test_limit(direct: httpx.AsyncClient, clock: SettableClock) -> None:
    """Remaining calls count down to 0, then it is a 429 until the window has moved on."""
    direct.headers["X-Api-Key"] = "good"
    answers = [await direct.get(URL) for _ in range(4)]
    assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "3600"
    assert answers[-1].json()["error"]["code"] == "OVER_RATE_LIMIT"
    clock.advance(hours=1, minutes=40)
    assert (await direct.get(URL)).headers["X-RateLimit-Remaining"] == "1"


async def test_body(direct: httpx.AsyncClient) -> None:
    """Bodies are NASA's: sorted, compact, escaped, with a newline, and without caching headers."""
    answer = await direct.get(URL, headers={"X-Api-Key": "good"})
    assert answer.text == json.dumps(answer.json(), sort_keys=True, separators=(",", ":")) + "\n"
    assert not {"etag", "cache-control", "expires", "last-modified"} & answer.headers.keys()


async def test_backend_error(direct: httpx.AsyncClient) -> None:
    """The backend's errors have its own shape, and count against the limit."""
    answer = await direct.get("/planetary/apod?x=1", headers={"X-Api-Key": "good"})
    assert answer.json()["code"] == answer.status_code == 400
    assert answer.json()["service_version"] == "v1"
    assert answer.headers["X-RateLimit-Remaining"] == "2"


async def test_repeated_parameter(direct: httpx.AsyncClient) -> None:
    """Of repeated parameters NASA takes the first."""
    answer = await direct.get(f"{URL}&date=2021-10-13&api_key=good")
    assert answer.json()["date"] == "2021-10-12"


async def test_other_paths(direct: httpx.AsyncClient) -> None:
    """A path that is no API is the gateway's 404, key or not; another method is an HTML 405."""
    assert (await direct.get("/planetary/apod/")).json()["error"]["code"] == "NOT_FOUND"
    assert "<title>405" in (await direct.post(URL)).text


async def test_request_log(clock: SettableClock) -> None:
    """What it was asked can be read afterwards."""
    app = StandIn(keys=(), clock=clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        await client.get(f"https://api.nasa.test{URL}", headers={"X-Test": "1"})
    (seen,) = app.requests
    assert (seen.method, seen.path, seen.query) == ("GET", "/planetary/apod", "date=2021-10-12")
    assert seen.headers["X-Test"] == "1"


async def test_posts(clock: SettableClock) -> None:
    """The new API pages newest first, by 25 at most, and ignores what it does not know."""
    app = StandIn(keys=(), clock=clock)
    transport = httpx.ASGITransport(app)
    url = "https://science.nasa.test/wp-json/wp/v2/apod-basic"
    async with httpx.AsyncClient(transport=transport) as client:
        first = await client.get(f"{url}?per_page=100&date=2021-10-12")
        second = await client.get(f"{url}?page=2&per_page=2")
        one = await client.get(f"{url}/211108")
        none = await client.get(f"{url}/200610")
        bad = await client.get(f"{url}?date_from=x")
        for odd in ("page=0", "page=x", "per_page=-1"):
            assert (await client.get(f"{url}?{odd}")).status_code == 400
    assert len(first.json()) == 25
    assert first.headers["X-WP-Total"] == "11480"
    assert [post["date"] for post in second.json()] == ["2026-11-21", "2026-11-20"]
    assert (one.json()["media_type"], "iframe" in one.json()["basic_html"]) == ("iframe", True)
    assert (none.status_code, none.json()["code"]) == (404, "apod_basic_not_found")
    assert (bad.status_code, bad.json()["code"]) == (400, "rest_invalid_param")
