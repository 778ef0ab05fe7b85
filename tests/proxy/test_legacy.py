import asyncio
import contextlib
import gzip
import json
import ssl
import time
import traceback
from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest
import respx
from pydantic import SecretStr
from structlog.testing import capture_logs

from proxy import errors
from proxy.errors import NoRecordError, SourceError
from proxy.sources import legacy
from proxy.sources.client import MAX_BODY_BYTES, open_client
from proxy.sources.exchange import Upstream
from proxy.sources.key import NasaKey, Place
from proxy.sources.legacy import LegacySource
from proxy.sources.quota import Quota
from standin import archive

DAY = date(2021, 10, 12)
TODAY = date(2026, 11, 23)
KEY = "nasa-key-marker"
GOOD = archive.record(DAY)

pytestmark = pytest.mark.respx(base_url="https://api.nasa.test")


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """Be the client that the service uses."""
    async with open_client() as opened:
        yield opened


@pytest.fixture
def source(http: httpx.AsyncClient) -> LegacySource:
    """Be the source, with the key in its header."""
    return make(http)


def make(http: httpx.AsyncClient, place: Place = "header") -> LegacySource:
    """Make a source."""
    upstream = Upstream("legacy", http, Quota("legacy", time.time))
    return LegacySource(
        upstream, base_url="https://api.nasa.test", key=NasaKey(SecretStr(KEY), place)
    )


async def test_record(source: LegacySource, respx_mock: respx.Router) -> None:
    """A dated call asks for that date and nothing else."""
    route = respx_mock.get("/planetary/apod").respond(json=GOOD)
    record = await source.fetch(DAY, newest=TODAY, seconds=5)
    assert record.day == DAY
    assert route.calls.last.request.url.query == b"date=2021-10-12"


async def test_latest(source: LegacySource, respx_mock: respx.Router) -> None:
    """An undated call has no query: it works all night, when today has no picture yet."""
    route = respx_mock.get("/planetary/apod").respond(json=GOOD)
    assert (await source.fetch(None, newest=TODAY, seconds=5)).day == DAY
    assert route.calls.last.request.url.query == b""


async def test_key_in_header(source: LegacySource, respx_mock: respx.Router) -> None:
    """The key travels in a header, which keeps it out of URLs."""
    route = respx_mock.get("/planetary/apod").respond(json=GOOD)
    await source.fetch(DAY, newest=TODAY, seconds=5)
    request = route.calls.last.request
    assert request.headers["X-Api-Key"] == KEY
    assert KEY not in str(request.url)


async def test_key_in_query(http: httpx.AsyncClient, respx_mock: respx.Router) -> None:
    """Or in the query, if the operator says so."""
    route = respx_mock.get("/planetary/apod").respond(json=GOOD)
    await make(http, "query").fetch(DAY, newest=TODAY, seconds=5)
    request = route.calls.last.request
    assert request.url.params["api_key"] == KEY
    assert "X-Api-Key" not in request.headers


HTML = {"html": "<html><h1>504 Gateway Time-out</h1></html>"}
BACKEND_404 = {"code": 404, "msg": "No data available for date: x", "service_version": "v1"}

FAILURES: dict[str, tuple[dict[str, Any], type[SourceError]]] = {
    "HTML with 200": ({"status_code": 200, **HTML}, errors.SourceInvalidError),
    "JSON called HTML": (
        {"json": GOOD, "headers": {"Content-Type": "text/html"}},
        errors.SourceInvalidError,
    ),
    "cut off": (
        {"content": b'{"date":"2021-10', "headers": {"Content-Type": "application/json"}},
        errors.SourceInvalidError,
    ),
    "another day": ({"json": {**GOOD, "date": "2021-10-13"}}, errors.SourceInvalidError),
    "placeholder": ({"json": {**GOOD, "title": "NASA Science"}}, errors.SourceInvalidError),
    "too long": (
        {"json": {**GOOD, "explanation": "x" * MAX_BODY_BYTES}},
        errors.SourceInvalidError,
    ),
    "compressed": (
        {"content": gzip.compress(b"{}" * 9), "headers": {"Content-Encoding": "gzip"}},
        errors.SourceInvalidError,
    ),
    "range for a date": ({"json": [GOOD]}, errors.SourceInvalidError),
    "empty": ({"status_code": 204}, errors.SourceInvalidError),
    "redirect": (
        {"status_code": 302, "headers": {"Location": "https://attacker.test/"}},
        errors.SourceInvalidError,
    ),
    "redirect to no address": (
        {"status_code": 302, "headers": {"Location": "mailto:x"}},
        errors.SourceInvalidError,
    ),
    "redirect to no host": (
        {"status_code": 302, "headers": {"Location": "http://xn--a/"}},
        errors.SourceInvalidError,
    ),
    "deep 404": ({"status_code": 404, "text": "[" * 60_000}, errors.SourceInvalidError),
    "404 of another API": ({"status_code": 404, "json": {"code": 404}}, errors.SourceInvalidError),
    "UTF-16": (
        {
            "content": json.dumps(GOOD).encode("utf-16"),
            "headers": {"Content-Type": "application/json"},
        },
        errors.SourceInvalidError,
    ),
    "our query refused": ({"status_code": 400, "json": {"code": 400}}, errors.SourceInvalidError),
    "key refused": (
        {"status_code": 403, "json": {"error": {"code": "API_KEY_INVALID"}}},
        errors.SourceRefusedError,
    ),
    "gateway's 404": (
        {"status_code": 404, "json": {"error": {"code": "NOT_FOUND"}}},
        errors.SourceInvalidError,
    ),
    "somebody's 404": ({"status_code": 404, **HTML}, errors.SourceInvalidError),
    "quota": ({"status_code": 429}, errors.SourceQuotaError),
    "scrape failure": ({"status_code": 500, "json": {"code": 500}}, errors.SourceInvalidError),
    "bad gateway": ({"status_code": 502, **HTML}, errors.SourceFailedError),
    "unavailable": (
        {"status_code": 503, "text": "no healthy upstream"},
        errors.SourceUnavailableError,
    ),
    "gateway time-out": ({"status_code": 504, **HTML}, errors.SourceTimeoutError),
}


@pytest.mark.parametrize(("answer", "failure"), FAILURES.values(), ids=FAILURES)
async def test_failures(
    source: LegacySource,
    respx_mock: respx.Router,
    answer: dict[str, Any],
    failure: type[SourceError],
) -> None:
    """Whatever NASA sends that is no record is a failure of its own kind, after one call."""
    route = respx_mock.get("/planetary/apod").respond(**answer)
    with pytest.raises(failure):
        await source.fetch(DAY, newest=TODAY, seconds=5)
    assert route.call_count == 1


async def test_key_in_a_record(source: LegacySource, respx_mock: respx.Router) -> None:
    """An answer that repeats the key is refused: it would be kept, and told to everybody."""
    respx_mock.get("/planetary/apod").respond(json={**GOOD, "copyright": f"key {KEY}"})
    with pytest.raises(errors.SourceInvalidError, match="repeats the key"):
        await source.fetch(DAY, newest=TODAY, seconds=5)


EXCHANGES: dict[str, tuple[Exception, type[SourceError]]] = {
    "broken TLS": (ssl.SSLError(KEY), errors.SourceUnreachableError),
    "defect of the library": (ZeroDivisionError(KEY), errors.SourceInvalidError),
    "no connection": (httpx.ConnectError(KEY), errors.SourceUnreachableError),
    "broken connection": (httpx.ReadError(KEY), errors.SourceUnreachableError),
    "slow connection": (httpx.ConnectTimeout(KEY), errors.SourceTimeoutError),
    "slow answer": (httpx.ReadTimeout(KEY), errors.SourceTimeoutError),
    "no free connection": (httpx.PoolTimeout(KEY), errors.SourceBusyError),
    "nonsense": (httpx.RemoteProtocolError(KEY), errors.SourceFailedError),
}


@pytest.mark.parametrize(("cause", "failure"), EXCHANGES.values(), ids=EXCHANGES)
async def test_exchanges(
    source: LegacySource,
    respx_mock: respx.Router,
    cause: Exception,
    failure: type[SourceError],
) -> None:
    """An exchange that fails is translated, and nothing printed of it holds the cause's text."""
    respx_mock.get("/planetary/apod").mock(side_effect=cause)
    with pytest.raises(failure) as raised:
        await source.fetch(DAY, newest=TODAY, seconds=5)
    assert KEY not in "".join(traceback.format_exception(raised.value))


async def test_no_record(source: LegacySource, respx_mock: respx.Router) -> None:
    """The backend's own 404 means that there is nothing for that date."""
    respx_mock.get("/planetary/apod").respond(404, json=BACKEND_404)
    with pytest.raises(NoRecordError) as nothing:
        await source.fetch(DAY, newest=TODAY, seconds=5)
    assert nothing.value.day == DAY


async def test_no_latest(source: LegacySource, respx_mock: respx.Router) -> None:
    """There is always a latest record: a 404 for it is NASA's failure."""
    respx_mock.get("/planetary/apod").respond(404, json=BACKEND_404)
    with pytest.raises(errors.SourceInvalidError):
        await source.fetch(None, newest=TODAY, seconds=5)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2870", 2870),
        ("864000", 3600),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1" * 7, None),
        ("²", None),
    ],
)
async def test_retry_after(
    source: LegacySource, respx_mock: respx.Router, header: str, seconds: int | None
) -> None:
    """NASA's Retry-After is taken if it is a sane number of seconds."""
    headers = [(b"Retry-After", header.encode())]
    respx_mock.get("/planetary/apod").mock(return_value=httpx.Response(429, headers=headers))
    with pytest.raises(errors.SourceQuotaError) as failure:
        await source.fetch(DAY, newest=TODAY, seconds=5)
    assert failure.value.retry_after_seconds == seconds


async def test_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that does not end is given up at the deadline, however alive it is."""

    async def never(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(legacy, "RECORD_SECONDS", 0.01)
    async with open_client(httpx.MockTransport(never)) as http:
        with pytest.raises(errors.SourceTimeoutError):
            await make(http).fetch(DAY, newest=TODAY, seconds=5)


class Flood(httpx.AsyncByteStream):
    """A body without end."""

    def __init__(self) -> None:
        self.sent = 0
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Send on."""
        while True:
            self.sent += 1024
            yield b"x" * 1024

    async def aclose(self) -> None:
        """Be hung up on."""
        self.closed = True


async def test_flood(source: LegacySource, respx_mock: respx.Router) -> None:
    """A body over the bound is not read to its end: the connection is closed."""
    flood = Flood()
    headers = {"Content-Type": "application/json"}
    answer = httpx.Response(200, headers=headers, stream=flood)
    respx_mock.get("/planetary/apod").mock(return_value=answer)
    with pytest.raises(errors.SourceInvalidError):
        await source.fetch(DAY, newest=TODAY, seconds=5)
    assert flood.sent == MAX_BODY_BYTES + 1024
    assert flood.closed


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ({"json": GOOD}, {"outcome": "answered", "log_level": "info"}),
        ({"status_code": 404, "json": BACKEND_404}, {"outcome": "nothing", "log_level": "info"}),
        ({"status_code": 403}, {"outcome": "key_refused", "log_level": "warning"}),
        ({"status_code": 200, **HTML}, {"outcome": "invalid", "log_level": "warning"}),
    ],
)
async def test_log(
    source: LegacySource, respx_mock: respx.Router, answer: dict[str, Any], line: dict[str, str]
) -> None:
    """Each call of NASA leaves one line with its outcome, and never the key."""
    respx_mock.get("/planetary/apod").respond(**answer)
    with capture_logs() as logged, contextlib.suppress(errors.ApodError):
        await source.fetch(DAY, newest=TODAY, seconds=5)
    assert [{key: entry[key] for key in line} for entry in logged] == [line]
    assert KEY not in str(logged)


@pytest.mark.parametrize("media_type", ["Application/JSON", "application/json; charset=utf-8"])
async def test_media_type(source: LegacySource, respx_mock: respx.Router, media_type: str) -> None:
    """RFC 9110 section 8.3.1: a media type is the same in any case, and with parameters."""
    content = json.dumps(GOOD).encode()
    respx_mock.get("/planetary/apod").respond(content=content, headers={"Content-Type": media_type})
    assert (await source.fetch(DAY, newest=TODAY, seconds=5)).day == DAY


async def test_no_cookies(source: LegacySource, respx_mock: respx.Router) -> None:
    """What NASA sets is not sent back: nothing of one request goes into the next."""
    route = respx_mock.get("/planetary/apod").respond(
        json=GOOD, headers={"Set-Cookie": "a=1; Domain=api.nasa.test"}
    )
    for _ in range(2):
        await source.fetch(DAY, newest=TODAY, seconds=5)
    assert "Cookie" not in route.calls.last.request.headers


async def test_request_headers(source: LegacySource, respx_mock: respx.Router) -> None:
    """The body is asked for unencoded, so that it cannot swell on arrival."""
    route = respx_mock.get("/planetary/apod").respond(json=GOOD)
    await source.fetch(DAY, newest=TODAY, seconds=5)
    assert route.calls.last.request.headers["Accept-Encoding"] == "identity"


def test_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client takes no proxy from the environment: it would see the key."""
    monkeypatch.setenv("HTTPS_PROXY", "http://attacker.test:1")
    opened = open_client()
    assert opened.trust_env is False
    assert not opened.follow_redirects
    assert None not in opened.timeout.as_dict().values()
