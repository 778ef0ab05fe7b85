import asyncio
import json
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from proxy.images import CONDITIONS
from proxy.sources import pictures
from standin.app import StandIn
from standin.calendar import SettableClock
from standin.faults import ENDING, Fault
from tests.conftest import EVERYTHING, asking, make_settings
from tests.proxy.bodies import Body

APOD = "/planetary/apod"
FILE = "apod/image/2110/FireballAlberta_Qin_1080.jpg"
PICTURE = f"/v2/apod.nasa.gov/{FILE}"


@pytest.fixture
async def app(nasa: StandIn, clock: SettableClock, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Be a genuine app that gets its pictures through the service."""
    async with asking(nasa, clock, make_settings(**EVERYTHING)) as client:
        client.headers["Approov-Token"] = token
        yield client


@pytest.fixture
async def whole(nasa: StandIn) -> bytes:
    """Give the file as NASA has it."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(nasa)) as direct:
        body = (await direct.get(f"https://apod.nasa.gov/{FILE}")).content
    nasa.requests.clear()
    return body


async def test_get(app: httpx.AsyncClient, whole: bytes) -> None:
    """A picture comes as it is, with its type, length, tag and date, and may be kept for a day."""
    answer = await app.get(PICTURE)
    assert (answer.status_code, answer.content) == (200, whole)
    headers = answer.headers
    assert headers["Content-Type"] == "image/png"
    assert headers["Content-Length"] == str(len(whole))
    assert headers["Cache-Control"] == "private, max-age=86400"
    assert {"etag", "last-modified", "accept-ranges", "x-request-id"} <= headers.keys()


async def test_harmless(app: httpx.AsyncClient) -> None:
    """Whatever a file turns out to be, a browser neither guesses nor runs it."""
    headers = (await app.get(PICTURE)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


async def test_head(app: httpx.AsyncClient, nasa: StandIn, whole: bytes) -> None:
    """HEAD tells the same without the file, which NASA is not asked for either."""
    answer = await app.head(PICTURE)
    assert (answer.content, answer.headers["Content-Length"]) == (b"", str(len(whole)))
    assert nasa.requests[0].method == "HEAD"


@pytest.mark.parametrize(
    ("wanted", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-7", slice(-7, None)),
    ],
)
async def test_range(app: httpx.AsyncClient, whole: bytes, wanted: str, part: slice) -> None:
    """A part may be had, as video players and broken downloads want it."""
    answer = await app.get(PICTURE, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, whole[part])
    assert answer.headers["Content-Range"].endswith(f"/{len(whole)}")


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,3-4", "bytes=9-2", "bytes=", "bytes=-", "lines=1-2", "0-9"]
)
async def test_odd_range(app: httpx.AsyncClient, whole: bytes, wanted: str) -> None:
    """Other forms of range count as not sent, as RFC 9110 section 14.2 allows."""
    answer = await app.get(PICTURE, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (200, whole)


async def test_unsatisfiable_range(app: httpx.AsyncClient, whole: bytes) -> None:
    """A part that is not there is a 416, in the envelope, that tells the file's length."""
    answer = await app.get(PICTURE, headers={"Range": "bytes=99999999-"})
    assert answer.status_code == answer.json()["status"] == 416
    assert answer.headers["Content-Range"].endswith(f"*/{len(whole)}")


@pytest.mark.parametrize("condition", ["If-None-Match", "If-Modified-Since"])
async def test_not_modified(app: httpx.AsyncClient, condition: str) -> None:
    """A phone that has the file is told so."""
    first = await app.get(PICTURE)
    named = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}[condition]
    answer = await app.get(PICTURE, headers={condition: first.headers[named]})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == first.headers["ETag"]
    assert not {"content-length", "content-type"} & answer.headers.keys()


@pytest.mark.parametrize("fits", [True, False])
async def test_if_range(app: httpx.AsyncClient, *, fits: bool) -> None:
    """A download is continued if the file is still the same."""
    tag = (await app.get(PICTURE)).headers["ETag"] if fits else '"other"'
    answer = await app.get(PICTURE, headers={"Range": "bytes=9-", "If-Range": tag})
    assert answer.status_code == (206 if fits else 200)


async def test_headers_to_nasa(app: httpx.AsyncClient, nasa: StandIn) -> None:
    """Of the client's headers only plain conditions reach the host: no token, cookie or key."""
    sent = {
        "Range": "bytes=0-9",
        "If-None-Match": 'nonsense"\x7f',
        "Cookie": "a=1",
        "X-Forwarded-For": "192.0.2.1",
        "User-Agent": "app",
        "X-Api-Key": "x",
    }
    await app.get(PICTURE, headers=sent)
    (seen,) = nasa.requests
    assert seen.headers["Range"] == "bytes=0-9"
    assert set(seen.headers) == {
        "accept", "accept-encoding", "connection", "host", "range", "user-agent",
    }  # fmt: skip
    assert seen.headers["User-Agent"].startswith("python-httpx")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("If-None-Match", "a, b"),
        ("If-None-Match", '"' + "x" * 200 + '"'),
        ("If-Modified-Since", "yesterday"),
        ("If-Modified-Since", "Mon, 23 Nov 2026 12:00:00 GMT, x"),
        ("If-Range", "W/x"),
        ("Range", "bytes=0-1\n"),
    ],
)
def test_odd_conditions(name: str, value: str) -> None:
    """A condition of another form is none."""
    assert CONDITIONS[name].fullmatch(value) is None


async def test_repeated_condition(app: httpx.AsyncClient, nasa: StandIn) -> None:
    """One that is sent twice is none either."""
    twice = [*app.headers.items(), ("Range", "bytes=0-1"), ("Range", "bytes=2-3")]
    assert (await app.get(PICTURE, headers=twice)).status_code == 200
    assert "Range" not in nasa.requests[0].headers


async def test_query(app: httpx.AsyncClient, nasa: StandIn) -> None:
    """The new host takes the size in the query, which goes on as it is."""
    query = "w=1080&h=720&fit=clip&crop=faces%2Cfocalpoint"
    path = "dynamicimage/assets/science/cds/apod/M64.jpg"
    answer = await app.get(f"/v2/assets.science.nasa.gov/{path}?{query}")
    assert answer.status_code == 200
    assert (nasa.requests[0].path, nasa.requests[0].query) == (f"/{path}", query)


STATUSES = {
    Fault.UNAVAILABLE: 503,
    Fault.OVER_LIMIT: 503,
    Fault.GATEWAY_TIMEOUT: 504,
    Fault.GONE: 404,
}


@pytest.mark.parametrize("fault", ENDING)
async def test_faults(app: httpx.AsyncClient, nasa: StandIn, fault: Fault) -> None:
    """What is no picture is not passed on: a clear error in the envelope, never a 500."""
    nasa.faults["pictures"] = fault
    answer = await app.get(PICTURE)
    assert answer.status_code == answer.json()["status"] == STATUSES.get(fault, 502)
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(nasa.requests) == 1


async def test_missing(app: httpx.AsyncClient) -> None:
    """A file that is not there is a 404."""
    answer = await app.get("/v2/apod.nasa.gov/apod/image/2110/hudf.html")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/v2/apod.nasa.gov/", "/v2/attacker.test/a.jpg", "/v2/a.jpg"])
async def test_elsewhere(app: httpx.AsyncClient, nasa: StandIn, path: str) -> None:
    """No other host can be reached."""
    assert (await app.get(path)).status_code == 404
    assert nasa.requests == []


async def test_off(client: httpx.AsyncClient, nasa: StandIn) -> None:
    """Unless it is switched on there is nothing there, and records keep NASA's addresses."""
    assert (await client.get(PICTURE)).status_code == 404
    assert nasa.requests == []
    record = (await client.get(f"{APOD}?date=2021-10-12")).json()
    assert record["url"] == f"https://apod.nasa.gov/{FILE}"


async def test_links(app: httpx.AsyncClient) -> None:
    """Records lead to the pictures here, and these are there: of both APIs, in every form."""
    for query in ("date=2021-10-12", "start_date=2021-10-12&end_date=2021-10-12"):
        answer = await app.get(f"{APOD}?{query}", headers={"Host": "attacker.test"})
        (record,) = answer.json() if isinstance(answer.json(), list) else [answer.json()]
        assert record["url"].startswith("https://proxy.test/v2/apod.nasa.gov/")
        assert (await app.get(record["url"])).status_code == 200
        assert (await app.get(record["hdurl"])).status_code == 200
    drawn = (await app.get(f"{APOD}?count=1")).text
    assert "//apod.nasa.gov" not in drawn


async def test_links_of_the_new_api(app: httpx.AsyncClient, nasa: StandIn) -> None:
    """So do those of the new API, at the size of a screen and at the original's."""
    nasa.faults["legacy"] = Fault.PLACEHOLDER
    record = (await app.get(f"{APOD}?date=2021-10-12")).json()
    assert record["url"].startswith("https://proxy.test/v2/assets.science.nasa.gov/")
    assert "w=1080&" in record["url"]
    assert (await app.get(record["url"])).status_code == 200


async def test_etag_of_links(app: httpx.AsyncClient) -> None:
    """A rewritten record has a tag of its own, which is honoured."""
    first = await app.get(f"{APOD}?date=2021-10-12")
    again = await app.get(
        f"{APOD}?date=2021-10-12", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304
    assert json.dumps(first.json(), sort_keys=True, separators=(",", ":")) + "\n" == first.text


async def ask(
    handler: Callable[[httpx.Request], httpx.Response],
    clock: SettableClock,
    token: str,
    **settings: object,
) -> httpx.Response:
    """Ask for a picture of a host that answers as *handler* does."""
    transport = httpx.MockTransport(handler)
    app_settings = make_settings(**{**EVERYTHING, **settings})
    async with asking(transport, clock, app_settings) as client:
        return await client.get(PICTURE, headers={"Approov-Token": token})


PNG = {"Content-Type": "image/png"}


@pytest.mark.parametrize(
    ("location", "status"),
    [
        ("https://assets.science.nasa.gov/content/dam/a.png", 200),
        ("http://apod.nasa.gov/apod/image/b.png", 200),
        ("/apod/image/b.png", 200),
        ("b.png", 200),
        ("https://attacker.test/a.png", 502),
        ("https://apod.nasa.gov@attacker.test/a.png", 502),
        ("https://apod.nasa.gov:8443/a.png", 502),
        ("//attacker.test/a.png", 502),
        ("http://127.0.0.1/a.png", 502),
        ("file:///etc/passwd", 502),
        ("https://apod.nasa.gov/%2e%2e/a.png", 502),
        ("https://apod.nasa.gov/a.png?x%", 502),
        ("http://[", 502),
        (f"https://apod.nasa.gov/{FILE}", 502),
    ],
)
async def test_redirects(clock: SettableClock, token: str, location: str, status: int) -> None:
    """A redirect is followed to the listed hosts, by https, a few times, and nowhere else."""
    asked: list[httpx.URL] = []

    def redirecting(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        if request.url.path.endswith("_1080.jpg"):
            return httpx.Response(301, headers={"Location": location})
        return httpx.Response(200, headers=PNG, stream=Body(b"picture"))

    answer = await ask(redirecting, clock, token)
    assert answer.status_code == status
    assert len(asked) <= 4
    assert {url.scheme for url in asked} == {"https"}
    assert {url.host for url in asked} <= {"apod.nasa.gov", "assets.science.nasa.gov"}


@pytest.mark.parametrize("kind", ["text/html", "image", "video/webm", "application/pdf", ""])
async def test_types(clock: SettableClock, token: str, kind: str) -> None:
    """Only pictures and MP4 videos are passed on, by their declared type."""
    headers = {"Content-Type": kind} if kind else {}
    body = Body(b"<html>")
    answer = await ask(lambda _: httpx.Response(200, headers=headers, stream=body), clock, token)
    assert (answer.status_code, body.taken, body.closed) == (502, 0, True)


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (206, {**PNG, "Content-Range": "bytes 0-1/9"}),
        (304, {}),
        (416, {}),
        (204, PNG),
        (200, {**PNG, "Content-Encoding": "gzip"}),
        (200, {**PNG, "Content-Length": "many"}),
        (401, PNG),
    ],
)
async def test_unasked(
    clock: SettableClock, token: str, status: int, headers: dict[str, str]
) -> None:
    """What was not asked for is not passed on."""
    body = Body(b"xx")
    answer = await ask(lambda _: httpx.Response(status, headers=headers, stream=body), clock, token)
    assert (answer.status_code, body.closed) == (502, True)


async def test_declared_size(app: httpx.AsyncClient, nasa: StandIn) -> None:
    """A file over the bound is refused by its declared length."""
    nasa.conditions.picture_bytes = 64_000_000
    assert (await app.head(PICTURE)).status_code == 200
    nasa.conditions.picture_bytes = 64_000_001
    assert (await app.get(PICTURE)).status_code == 502


@pytest.mark.parametrize("name", [b"ETag", b"Last-Modified", b"Content-Range"])
@pytest.mark.parametrize("status", [200, 416])
async def test_odd_headers(clock: SettableClock, token: str, name: bytes, status: int) -> None:
    """A header that is no plain text is left out; it costs neither the picture nor a connection."""
    body = Body(b"x")
    headers = [(b"Content-Type", b"image/png"), (name, '"☃"'.encode())]

    def odd(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, stream=body)

    async with asking(httpx.MockTransport(odd), clock, make_settings(**EVERYTHING)) as client:
        wanted = {"Approov-Token": token, "Range": "bytes=5-"}
        answer = await client.get(PICTURE, headers=wanted)
    assert (answer.status_code, body.closed) == (status, True)
    assert name.decode() not in answer.headers


@pytest.mark.parametrize(
    "part", ["bytes 5-4/9", "bytes 0-9/9", "bytes 0-1/64000001", "bytes */9", "lines 0-1/9", ""]
)
async def test_odd_part(clock: SettableClock, token: str, part: str) -> None:
    """A part that cannot be, or is of a file over the bound, is not passed on."""
    headers = {**PNG, "Content-Range": part}

    def odd(_: httpx.Request) -> httpx.Response:
        return httpx.Response(206, headers=headers, stream=Body(b"xx"))

    async with asking(httpx.MockTransport(odd), clock, make_settings(**EVERYTHING)) as client:
        wanted = {"Approov-Token": token, "Range": "bytes=0-1"}
        assert (await client.get(PICTURE, headers=wanted)).status_code == 502


async def test_slow_redirects(
    clock: SettableClock, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All redirects together have the time of one answer."""
    monkeypatch.setattr(pictures, "DEADLINE_SECONDS", 0.1)

    async def slow(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.06)
        return httpx.Response(301, headers={"Location": "b.jpg"})

    async with asking(httpx.MockTransport(slow), clock, make_settings(**EVERYTHING)) as client:
        answer = await client.get(PICTURE, headers={"Approov-Token": token})
    assert answer.status_code == 504


async def test_encoded_404(clock: SettableClock, token: str) -> None:
    """A page that says 404 is one, however it is written."""
    page = httpx.Response(404, headers={"Content-Encoding": "br"}, stream=Body(b"x"))
    assert (await ask(lambda _: page, clock, token)).status_code == 404


async def test_cookies(clock: SettableClock, token: str) -> None:
    """Cookies of the host go no further, and are not sent back to it."""
    seen: list[httpx.Headers] = []

    def setting(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        cookie = {"Set-Cookie": "a=1; Domain=nasa.gov", "X-Powered-By": "x"}
        return httpx.Response(200, headers={**PNG, **cookie}, stream=Body(b"x"))

    transport = httpx.MockTransport(setting)
    async with asking(transport, clock, make_settings(**EVERYTHING)) as client:
        for _ in range(2):
            answer = await client.get(PICTURE, headers={"Approov-Token": token})
    assert not {"set-cookie", "x-powered-by"} & answer.headers.keys()
    assert all("cookie" not in headers for headers in seen)


async def test_monitored(nasa: StandIn, clock: SettableClock) -> None:
    """In monitor mode pictures are answered as records are."""
    settings = make_settings(**EVERYTHING, approov_enforcement="monitor")
    async with asking(nasa, clock, settings) as client:
        assert (await client.get(PICTURE)).status_code == 200
        assert (await client.get("/v2/attacker.test/a.jpg")).status_code == 401
