from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest
from pydantic import SecretStr

from astropiks.mint import mint
from proxy.passthrough import MAX_HELD_BYTES, lifetime_of
from proxy.paths import BASES
from proxy.sources.key import NasaKey, without_key
from proxy.sources.other_apis import OWN_ERRORS, blotted
from proxy.sources.stream import Stream
from standin.app import StandIn
from standin.calendar import SettableClock
from standin.faults import ENDING, Fault
from tests.conftest import EVERYTHING, NASA_KEY, SECRET, asking, make_settings
from tests.proxy import raw
from tests.proxy.bodies import Body

FEED = "/neo/rest/v1/feed?start_date=2026-11-23"
NOTES = "/DONKI/notifications?type=FLR"


@pytest.fixture
async def app(nasa: StandIn, clock: SettableClock, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Be a genuine app that uses other APIs too."""
    async with asking(nasa, clock, make_settings(**EVERYTHING)) as client:
        client.headers["Approov-Token"] = token
        yield client


@pytest.mark.parametrize("base", BASES)
async def test_get(app: httpx.AsyncClient, nasa: StandIn, base: str) -> None:
    """A listed API answers as NASA's does, with the key that the app does not have."""
    answer = await app.get(f"{base}{FEED}")
    assert (answer.status_code, answer.json()["element_count"]) == (200, 1)
    assert answer.headers["Content-Type"] == "application/json"
    (seen,) = nasa.requests
    assert (seen.path, seen.query) == ("/neo/rest/v1/feed", "start_date=2026-11-23")
    assert seen.headers["X-Api-Key"] == NASA_KEY


async def test_key_in_query(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """By setting, the key travels in the query, behind the client's own parameters."""
    settings = make_settings(**EVERYTHING, nasa_api_key_in="query")
    async with asking(nasa, clock, settings) as client:
        answer = await client.get(FEED, headers={"Approov-Token": token})
    assert answer.status_code == 200
    assert nasa.requests[0].query == f"start_date=2026-11-23&api_key={NASA_KEY}"


async def test_key_is_blotted_out(app: httpx.AsyncClient) -> None:
    """Where NASA repeats the key in its answer, it stays here; the length stays what it was."""
    answer = await app.get(FEED)
    assert NASA_KEY not in answer.text
    assert f"api_key={'*' * len(NASA_KEY)}" in answer.text
    assert int(answer.headers["Content-Length"]) == len(answer.content)


@pytest.mark.parametrize("key", [b"abc", b"a", b"abcabc"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
async def test_blotted(key: bytes, size: int) -> None:
    """So it is however the pieces fall."""
    text = b"--" + key + b"-" + key[:-1] + b"-" + key + key + b"ab"

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(text), size):
            yield text[start : start + size]

    out = b"".join([piece async for piece in blotted(pieces(), (key,))])
    assert out == text.replace(key, b"*" * len(key))


async def test_client_headers(app: httpx.AsyncClient, nasa: StandIn) -> None:
    """Nothing of the client's headers reaches NASA."""
    await app.get(FEED, headers={"X-Api-Key": "theirs", "Cookie": "a=1", "Range": "bytes=0-1"})
    (seen,) = nasa.requests
    assert set(seen.headers) == {
        "accept", "accept-encoding", "connection", "host", "user-agent", "x-api-key",
    }  # fmt: skip
    assert seen.headers["X-Api-Key"] == NASA_KEY


@pytest.mark.parametrize(
    ("query", "rest"),
    [
        ("api_key=x", ""),
        ("a=1&api_key=x&b=2", "a=1&b=2"),
        ("a=1&api%5fkey=x", "a=1"),
        ("a=1&%61pi_key=x", "a=1"),
        ("API_KEY=x&Api_Key=y", ""),
        ("api_key", ""),
        ("+api_key=x", ""),
        ("api_keys=1&my_api_key=2", "api_keys=1&my_api_key=2"),
        ("a=api_key=x", "a=api_key=x"),
        ("", ""),
        ("a=%2C&b=c,d", "a=%2C&b=c,d"),
    ],
)
def test_without_key(query: str, rest: str) -> None:
    """The client's key is dropped, however it is spelt; the rest goes on as it is."""
    assert without_key(query) == rest


async def test_key_in_headers(clock: SettableClock, token: str) -> None:
    """Nor does it come out in a header; and what is no plain text there is left out too."""
    headers = [
        (b"Content-Language", NASA_KEY.encode()),
        (b"Last-Modified", b"\xe2\x98\x83"),
        (b"Content-Type", b"text/plain"),
    ]
    last, _ = await answered(clock, token, httpx.Response(200, headers=headers, stream=Body(b"x")))
    assert (last.status_code, last.headers["Content-Type"]) == (200, "text/plain")
    assert not {"content-language", "last-modified"} & last.headers.keys()


async def test_response_headers(app: httpx.AsyncClient) -> None:
    """Of NASA's headers only a few come through: no cookie, and no word on our quota."""
    headers = (await app.get("/EPIC/api/natural")).headers
    assert set(headers) == {
        "content-type", "content-length", "cache-control", "cache-status",
        "x-content-type-options", "content-security-policy", "x-request-id",
        "ratelimit", "ratelimit-policy",
    }  # fmt: skip


async def test_cache(app: httpx.AsyncClient, nasa: StandIn, clock: SettableClock) -> None:
    """What NASA lets us hold is held for so long, whichever way and key it is asked for with."""
    first = await app.get(NOTES)
    clock.advance(seconds=299)
    second = await app.get(f"/v2/api.nasa.gov{NOTES}&api_key=x")
    assert len(nasa.requests) == 1
    assert second.content == first.content
    assert first.headers["Cache-Status"] == "astropiks; fwd=miss; stored"
    assert second.headers["Cache-Status"] == "astropiks; hit; ttl=1"
    assert second.headers["Cache-Control"] == "private, max-age=300"
    assert (second.headers["Age"], second.headers["Content-Type"]) == ("299", "application/json")
    clock.advance(seconds=1)
    await app.get(NOTES)
    await app.get("/DONKI/notifications?type=CME")
    assert len(nasa.requests) == 3


async def test_not_cached(app: httpx.AsyncClient, nasa: StandIn) -> None:
    """Where NASA says nothing of holding, nothing is held."""
    for _ in range(2):
        answer = await app.get(FEED)
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert answer.headers["Cache-Status"] == "astropiks; fwd=miss"
    assert len(nasa.requests) == 2


@pytest.mark.parametrize(
    ("control", "age", "seconds"),
    [
        ("max-age=60", "", 60),
        ("public, max-age=60", "10", 50),
        ("s-maxage=30, max-age=60", "", 30),
        ('Max-Age="60"', "", 60),
        ("max-age=999999", "", 3600),
        ("max-age=60", "70", 0),
        ("max-age=60", "soon", 0),
        ("max-age=60", "1000000", 0),
        ("max-age=60, max-age=0", "", 0),
        ("max-age=0, max-age=60", "", 0),
        ("no-store, max-age=60", "", 0),
        ("no-cache, max-age=60", "", 0),
        ('private="x", max-age=60', "", 0),
        ("max-age=-1", "", 0),
        ("max-age=soon", "", 0),
        ("", "", 0),
    ],
)
def test_lifetime(control: str, age: str, seconds: int) -> None:
    """NASA's own Cache-Control decides, for an hour at most (RFC 9111 section 4.2)."""
    headers = httpx.Headers({"Cache-Control": control, "Age": age, "Content-Length": "1"})
    response = httpx.Response(200, headers=headers)
    assert lifetime_of(Stream(200, headers, 1, response)) == seconds
    assert lifetime_of(Stream(404, headers, 1, response)) == 0


def test_not_held() -> None:
    """What varies with everything, or whose end cannot be told, is not held."""
    control = {"Cache-Control": "max-age=60"}
    for more in ({"Vary": "*", "Content-Length": "1"}, {}):
        headers = httpx.Headers({**control, **more})
        assert lifetime_of(Stream(200, headers, 1, httpx.Response(200))) == 0


async def test_clock_set_back(app: httpx.AsyncClient, clock: SettableClock, nasa: StandIn) -> None:
    """An answer from the future is not one that is held."""
    await app.get(NOTES)
    clock.advance(hours=-1)
    app.headers["Approov-Token"] = mint(SECRET, now=clock.now)
    await app.get(NOTES)
    assert len(nasa.requests) == 2


async def answered(
    clock: SettableClock, token: str, *responses: httpx.Response
) -> tuple[httpx.Response, int]:
    """Ask a NASA that gives these answers, and give the last and how often it was asked."""
    calls = 0

    def answer(_: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        return responses[calls - 1]

    transport = httpx.MockTransport(answer)
    async with asking(transport, clock, make_settings(**EVERYTHING)) as client:
        for _ in responses:
            last = await client.get(NOTES, headers={"Approov-Token": token})
    return last, calls


async def test_large(clock: SettableClock, token: str) -> None:
    """What is too large to hold is passed on each time."""
    body = Body(*[b"x" * 1000] * (MAX_HELD_BYTES // 1000 + 1))
    headers = {"Cache-Control": "max-age=60"}
    responses = (httpx.Response(200, headers=headers, stream=body) for _ in range(2))
    last, calls = await answered(clock, token, *responses)
    assert (len(last.content), calls) == (len(body.pieces) * 1000, 2)


@pytest.mark.parametrize("status", sorted(OWN_ERRORS))
async def test_own_errors(clock: SettableClock, token: str, status: int) -> None:
    """A client's mistake is answered in NASA's own words, and not held."""
    response = httpx.Response(
        status, headers={"Cache-Control": "max-age=60"}, stream=Body(b'{"error_message":"date"}')
    )
    last, _ = await answered(clock, token, response)
    assert (last.status_code, last.content) == (status, b'{"error_message":"date"}')
    assert last.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("response", "status"),
    [
        (httpx.Response(403, json={"error": {"code": "API_KEY_INVALID"}}), 502),
        (httpx.Response(301, headers={"Location": f"https://x.test/?api_key={NASA_KEY}"}), 502),
        (httpx.Response(200, content=b"x", headers={"Content-Encoding": "gzip"}), 502),
        (httpx.Response(200, headers={"Content-Length": "999999999"}), 502),
        (httpx.Response(418), 502),
        (httpx.Response(400, content=b"x", headers={"Content-Encoding": "gzip"}), 502),
    ],
)
async def test_unusable(
    clock: SettableClock, token: str, response: httpx.Response, status: int
) -> None:
    """What is no answer is an error in the envelope; no redirect is followed or told."""
    last, calls = await answered(clock, token, response)
    assert (last.status_code, last.json()["status"], calls) == (status, status, 1)
    assert NASA_KEY not in last.text + str(last.headers)


STATUSES = {
    Fault.UNAVAILABLE: 503,
    Fault.OVER_LIMIT: 503,
    Fault.GATEWAY_TIMEOUT: 504,
    Fault.PLACEHOLDER: 200,
    Fault.HTML: 200,
    Fault.EMPTY: 200,
    Fault.TRUNCATED: 200,
    Fault.DROP: 200,
}


@pytest.mark.parametrize("fault", [fault for fault in ENDING if fault is not Fault.DROP])
async def test_faults(app: httpx.AsyncClient, nasa: StandIn, fault: Fault) -> None:
    """Trouble upstream is a 502, 503 or 504; what NASA says with 200 is its own affair."""
    nasa.faults["others"] = fault
    answer = await app.get(FEED)
    assert answer.status_code == STATUSES.get(fault, 502)


async def test_one_quota(app: httpx.AsyncClient, nasa: StandIn) -> None:
    """A 429 here stops calls of the old APOD API too: the quota is the key's."""
    nasa.faults.update(others=Fault.OVER_LIMIT, science=Fault.UNAVAILABLE)
    assert (await app.get(FEED)).headers["Retry-After"] == "2870"
    nasa.requests.clear()
    for path in (FEED, "/planetary/apod?date=2021-10-12"):
        assert (await app.get(path)).status_code == 503
    assert {seen.path for seen in nasa.requests} == {"/wp-json/wp/v2/apod-basic/211012"}


async def test_reserve(clock: SettableClock, token: str) -> None:
    """Other APIs cannot use up what is kept for the latest picture."""
    nasa = StandIn(keys={NASA_KEY}, clock=clock, hourly_limit=10)
    async with asking(nasa, clock, make_settings(**EVERYTHING)) as client:
        client.headers["Approov-Token"] = token
        statuses = [(await client.get(FEED)).status_code for _ in range(10)]
        assert statuses == [200] * 8 + [503] * 2
        assert (await client.get("/planetary/apod")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/neo",
        "/planetary/earth",
        "/mars-photos/api",
        "/NEO/rest/v1/feed",
        "/v2/api.nasa.gov/techport/",
        "/neo/a%2fb",
        "/neo/%252e%252e/",
        "/neo/a;b",
    ],
)
async def test_not_listed(app: httpx.AsyncClient, nasa: StandIn, path: str) -> None:
    """What is not listed is a 404, and NASA is not asked."""
    assert (await app.get(path)).status_code == 404
    assert nasa.requests == []


RAW = [
    "/neo/../planetary/apod",
    "/neo/%2e%2e/mars-photos",
    "/neo//attacker.test/",
    "/neo/./feed",
    "/v2/api.nasa.gov/neo/../../x",
    "/neo/feed?a=b c",
]


@pytest.mark.parametrize("path", RAW)
async def test_escapes(nasa: StandIn, clock: SettableClock, token: str, path: str) -> None:
    """No spelling of a path leads out of its prefix: sent as it stands, it goes nowhere."""
    status = await raw.get(nasa, clock, token, path)
    assert status == 404
    assert nasa.requests == []


@pytest.mark.parametrize("text", ["/", "neo/", "/neo", "/neo//x/", "/../", "/neo/?x/", "/a b/"])
def test_odd_prefixes(text: str) -> None:
    """A prefix is a plain path with a slash at both ends."""
    with pytest.raises(ValueError, match="NASA_PASSTHROUGH"):
        make_settings(nasa_passthrough=text)


@pytest.mark.parametrize(
    "text", ["/v2/", "/secrets/", "/livez/", "/planetary/apod/", "/planetary/", "/neo/,/neo/"]
)
def test_own_prefixes(text: str) -> None:
    """Nor is it one that is answered here."""
    with pytest.raises(ValueError, match="NASA_PASSTHROUGH"):
        make_settings(nasa_passthrough=text)


def test_needs_a_key() -> None:
    """Passing on wants the key, even if the new API is the only one for records."""
    with pytest.raises(ValueError, match="NASA_API_KEY"):
        make_settings(apod_sources="science", nasa_api_key=None, nasa_passthrough="/neo/")


def test_spellings() -> None:
    """A key that has to be escaped in a URL is blotted out in its escaped form too."""
    forms = NasaKey(SecretStr("a/b+c"), "header").spellings()
    assert {b"a/b+c", quote("a/b+c", safe="").encode(), b"a\\/b+c"} <= set(forms)
