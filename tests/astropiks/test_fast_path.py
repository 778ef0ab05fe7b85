"""What goes out by the fast path is what the long way sends: over real sockets, both compared."""

import base64
import hashlib
import json
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader
from typing import Any

import httpx
import pytest
import structlog

from astropiks import http_protocol
from astropiks.apps import Application, create_app
from astropiks.mint import sign
from astropiks.server import serving
from edge import logs, metrics
from edge.fast_path import FastPath, Reply
from edge.health import LastAnswers
from proxy.ready import ReadyAnswers
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import SECRET, make_settings

APOD = "/planetary/apod"
DAY = f"{APOD}?date=2021-10-12"
SPAN = f"{APOD}?start_date=2021-10-01&end_date=2021-10-12"
PAY = base64.b64encode(hashlib.sha256(b"Bearer a").digest()).decode()
OF_EACH_REQUEST = {"date", "x-request-id"}


def token(clock: SettableClock, **claims: object) -> str:
    """Be a genuine app's token."""
    members = {"exp": clock.now + 10_000, "did": "device", **claims}
    present = {name: value for name, value in members.items() if value is not None}
    return sign({"alg": "HS256", "typ": "JWT"}, present, SECRET)


@dataclass(frozen=True, slots=True)
class Said:
    """An answer."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        """Give the value of a header that is there once, or nothing."""
        values = [value for other, value in self.headers if other == name]
        assert len(values) <= 1
        return values[0] if values else ""


def request(target: str, *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    """Write a request."""
    head = [f"{method} {target} HTTP/{version}", "Host: proxy.test", *fields]
    return "\r\n".join([*head, "", ""]).encode("latin-1")


def read(file: BufferedReader, *, has_body: bool = True) -> Said:
    """Read one answer."""
    _, status, reason = file.readline().decode().split(" ", 2)
    headers: list[tuple[str, str]] = []
    while line := file.readline().strip():
        name, _, value = line.decode("latin-1").partition(": ")
        headers.append((name, value))
    said = Said(int(status), reason, headers, b"")
    return replace(said, body=file.read(int(said.header("content-length") or 0) * has_body))


class Watched(FastPath):
    """A fast path that tells how often it has answered."""

    def __init__(self, fast_path: FastPath) -> None:
        self._fast_path = fast_path
        self.answered = 0

    def answer(
        self, target: bytes, headers: Sequence[tuple[bytes, bytes]], peer: str
    ) -> Reply | None:
        """Answer likewise."""
        reply = self._fast_path.answer(target, headers, peer)
        self.answered += reply is not None
        return reply


class Service:
    """The service on a real port, with a fast path or without."""

    def __init__(self, clock: SettableClock, *, is_fast: bool, **settings: object) -> None:
        self.nasa = StandIn(keys={"nasa-key-of-the-tests"}, clock=clock)
        transport = httpx.ASGITransport(self.nasa)
        app = create_app(make_settings(**settings), clock=clock, transport=transport)
        self.watched = Watched(app.fast_path) if app.fast_path and is_fast else None
        self.app = Application(app.app, self.watched)
        assert isinstance(app.app, LastAnswers)
        self.health = app.app.health
        self.port = 0

    @property
    def answered(self) -> int:
        """How often the fast path did."""
        return self.watched.answered if self.watched else 0

    def ask(self, target: str, *fields: str, method: str = "GET", version: str = "1.1") -> Said:
        """Ask on a connection of one's own."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(request(target, *fields, method=method, version=version))
            return read(connection.makefile("rb"), has_body=method != "HEAD")


@pytest.fixture(autouse=True)
def _logging() -> Iterator[None]:
    """Log as in production, and leave logging as it was."""
    logs.configure("json", "info")
    yield
    structlog.reset_defaults()


def run(
    clock: SettableClock,
    capsys: pytest.CaptureFixture[str],
    asked: Sequence[tuple[str, tuple[str, ...], dict[str, str]]],
    *,
    is_fast: bool,
    **settings: object,
) -> tuple[list[Any], int]:
    """Ask everything twice, and give what can be seen from outside: answers, lines, counters."""
    before = counted()
    service = Service(clock, is_fast=is_fast, **settings)
    with serving(service.app) as url:
        service.port = int(url.rpartition(":")[2])
        warmer = f"Approov-Token: {token(clock, did='warmer', pay=PAY)}"
        for target in (DAY, SPAN, APOD, f"{DAY}&thumbs=true"):
            for _ in range(2):
                service.ask(target, warmer, "Authorization: Bearer a")
        warmed = service.answered
        said = [service.ask(target, *fields, **how) for target, fields, how in [*asked, *asked]]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [
        [
            (
                one.status,
                one.reason,
                [h for h in one.headers if h[0] not in OF_EACH_REQUEST],
                one.body,
            )
            for one in said
        ],
        [
            stable(line, {"timestamp", "request_id", "duration_ms"})
            for line in lines
            if line["event"] == "request"
        ],
        {name: value - before.get(name, 0) for name, value in counted().items()},
    ], service.answered - warmed


def stable(members: dict[str, Any], variable: set[str]) -> dict[str, Any]:
    """Leave out what differs from request to request."""
    return {name: value for name, value in members.items() if name not in variable}


def counted() -> dict[tuple[str, str], float]:
    """Read the counters of what each request has counted."""
    names = ("attestations", "over_rate_limit", "requests", "cache_results")
    return {
        (sample.name, str(sorted(sample.labels.items()))): sample.value
        for sample in metrics.samples()
        if sample.name.startswith(tuple(f"astropiks_{name}_total" for name in names))
    }


GOOD = "Approov-Token: {good}"
ETAG = '"{etag}"'

Case = tuple[str, tuple[str, ...], dict[str, str]]

FAST: dict[str, Case] = {
    "a hit": (DAY, (GOOD,), {}),
    "the latest": (APOD, (GOOD,), {}),
    "the other path": (f"/v2/api.nasa.gov{DAY}", (GOOD,), {}),
    "a range": (SPAN, (GOOD,), {}),
    "with thumbnails": (f"{DAY}&thumbs=true", (GOOD,), {}),
    "with an api_key": (f"{APOD}?api_key=DEMO_KEY&date=2021-10-12", (GOOD,), {}),
    "gzip": (DAY, (GOOD, "Accept-Encoding: gzip, deflate, br"), {}),
    "a range in gzip": (SPAN, (GOOD, "accept-encoding: GZIP;q=0.5"), {}),
    "no gzip": (DAY, (GOOD, "Accept-Encoding: gzip;q=0, br"), {}),
    "not modified": (DAY, (GOOD, "If-None-Match: {etag}"), {}),
    "one of them": (DAY, (GOOD, 'If-None-Match: "x", W/{etag}'), {}),
    "any": (DAY, (GOOD, "If-None-Match: *"), {}),
    "modified": (DAY, (GOOD, 'If-None-Match: "x"'), {}),
    "plain tag, gzip wanted": (DAY, (GOOD, "If-None-Match: {etag}", "Accept-Encoding: gzip"), {}),
    "gzip tag": (DAY, (GOOD, "If-None-Match: {gzip_etag}", "Accept-Encoding: gzip"), {}),
    "no device": (DAY, ("Approov-Token: {no_device}",), {}),
    "an id of its own": (DAY, (GOOD, "X-Request-ID: from-the-router"), {}),
    "an odd id": (DAY, (GOOD, "X-Request-ID: a b"), {}),
    "no token": (DAY, (), {}),
    "an empty token": (DAY, ("Approov-Token:",), {}),
    "another key": (DAY, ("Approov-Token: {forged}",), {}),
    "expired": (DAY, ("Approov-Token: {expired}",), {}),
    "not a token": (DAY, ("Approov-Token: a.b",), {}),
    "refused anywhere": ("/nowhere/at/all?x=y", (), {}),
    "refused at secrets": ("/secrets", ("Approov-Token: {expired}",), {}),
}

SLOW: dict[str, Case] = {
    "HEAD": (DAY, (GOOD,), {"method": "HEAD"}),
    "POST": (DAY, (GOOD,), {"method": "POST"}),
    "HTTP/1.0": (DAY, (GOOD,), {"version": "1.0"}),
    "the last one": (DAY, (GOOD, "Connection: close"), {}),
    "an empty body": (DAY, (GOOD, "Content-Length: 0"), {}),
    "an expectation": (DAY, (GOOD, "Expect: 100-continue"), {}),
    "an upgrade": (DAY, (GOOD, "Connection: Upgrade", "Upgrade: h2c"), {}),
    "two tokens": (DAY, (GOOD, GOOD), {}),
    "gzip in two lines": (DAY, (GOOD, "Accept-Encoding: br", "Accept-Encoding: gzip"), {}),
    "another spelling": (f"{APOD}?date=2021-10-12&hd=true", (GOOD,), {}),
    "an escaped path": ("/planetary/%61pod?date=2021-10-12", (GOOD,), {}),
    "an escaped path without a token": ("/planetary/%61pod", (), {}),
    "two slashes": ("//planetary/apod", (), {}),
    "a fragment": (f"{DAY}#x", (GOOD,), {}),
    "a whole address": (f"http://proxy.test{DAY}", (GOOD,), {}),
    "a query that is too long": (f"{DAY}&api_key={'x' * 1024}", (GOOD,), {}),
    "a bad date": (f"{APOD}?date=x", (GOOD,), {}),
    "no picture that day": (f"{APOD}?date=2020-06-10", (GOOD,), {}),
    "not found": ("/nowhere", (GOOD,), {}),
    "alive": ("/livez", (), {}),
    "ready": ("/readyz", ("Approov-Token: {forged}",), {}),
}


def filled(cases: dict[str, Case], clock: SettableClock) -> list[Case]:
    """Put tokens and tags in."""
    service = Service(clock, is_fast=False)
    with serving(service.app) as url:
        service.port = int(url.rpartition(":")[2])
        etag = service.ask(DAY, f"Approov-Token: {token(clock)}").header("etag")
    values = {
        "good": token(clock),
        "no_device": token(clock, did=None),
        "expired": token(clock, exp=clock.now - 1),
        "forged": token(clock)[:-4] + "AAAA",
        "etag": etag,
        "gzip_etag": f'{etag[:-1]}-gzip"',
    }
    return [
        (target, tuple(field.format_map(values) for field in fields), how)
        for target, fields, how in cases.values()
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"rate_limit_device": "off", "rate_limit_rejected": "off"},
        {"rate_limit_device": "9/minute", "rate_limit_rejected": "3/minute"},
        {"services": "proxy", "forwarded_allow_ips": "*", "approov_status_invalid": "403"},
    ],
    ids=["as it is", "no limits", "low limits", "otherwise"],
)
@pytest.mark.parametrize(("cases", "is_fast"), [(FAST, True), (SLOW, False)], ids=["fast", "slow"])
def test_same(
    clock: SettableClock,
    capsys: pytest.CaptureFixture[str],
    cases: dict[str, Case],
    settings: dict[str, object],
    *,
    is_fast: bool,
) -> None:
    """Answers, log lines and counters are the same by both ways; and the way is the one said."""
    asked = filled(cases, clock)
    capsys.readouterr()
    long_way, none = run(clock, capsys, asked, is_fast=False, **settings)
    fast_way, answered = run(clock, capsys, asked, is_fast=True, **settings)
    assert fast_way == long_way
    assert (none, answered) == (0, 2 * len(cases) if is_fast else 0)


BOUND = {"approov_binding_headers": "Authorization"}


@pytest.mark.parametrize(
    ("settings", "is_fast"),
    [
        (BOUND, True),
        ({**BOUND, "approov_missing_binding": "allow"}, True),
        ({"approov_message_signing": "if-present", "public_base_url": "https://proxy.test"}, False),
        ({"approov_enforcement": "monitor"}, True),
    ],
    ids=["binding", "unbound allowed", "signing", "monitor"],
)
def test_protections(
    clock: SettableClock,
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, object],
    *,
    is_fast: bool,
) -> None:
    """No protection is left out: what a check refuses, or has to see whole, it is asked for."""
    bound = token(clock, pay=PAY)
    asked: list[Case] = [
        (DAY, (f"Approov-Token: {one}", *fields), {})
        for one in (bound, token(clock), token(clock)[:-4] + "AAAA")
        for fields in [(), ("Authorization: Bearer a",), ("Authorization: Bearer b",)]
    ]
    long_way, _ = run(clock, capsys, asked, is_fast=False, **settings)
    fast_way, answered = run(clock, capsys, asked, is_fast=True, **settings)
    assert fast_way == long_way
    refused = 3 if "approov_enforcement" in settings else 0  # which are answered all the same
    assert answered == (2 * (len(asked) - refused) if is_fast else 0)


@pytest.fixture
def service(clock: SettableClock) -> Iterator[Service]:
    """Serve, with the picture of one day and a range of them at hand."""
    service = Service(clock, is_fast=True)
    with serving(service.app) as url:
        service.port = int(url.rpartition(":")[2])
        for target in (DAY, DAY, SPAN, SPAN):
            service.ask(target, f"Approov-Token: {token(clock)}")
        yield service


def test_order(service: Service, clock: SettableClock) -> None:
    """Requests sent at once are answered in their order, whichever way each goes."""
    good = f"Approov-Token: {token(clock)}"
    targets = [DAY, SPAN, "/livez", DAY, f"{APOD}?date=2021-10-13", SPAN, "/nowhere", DAY]
    alone = [service.ask(target, good).body for target in targets]
    with socket.create_connection(("127.0.0.1", service.port), 10) as connection:
        connection.sendall(b"".join(request(target, good) for target in targets))
        file = connection.makefile("rb")
        assert [read(file).body for _ in targets] == alone


def test_nonsense_after(service: Service, clock: SettableClock) -> None:
    """What is no request is refused after the answer to what is one, and the connection closed."""
    asked = request(DAY, f"Approov-Token: {token(clock)}")
    with socket.create_connection(("127.0.0.1", service.port), 10) as connection:
        connection.sendall(asked + b"nonsense\r\n\r\n")
        file = connection.makefile("rb")
        assert [read(file).status, read(file).status] == [200, 400]
        assert file.read() == b""


def test_many_unread(service: Service, clock: SettableClock) -> None:
    """A client that asks on and on without reading is made to wait, and then answered in full."""
    asked = request(SPAN, f"Approov-Token: {token(clock)}") * 1000
    with socket.create_connection(("127.0.0.1", service.port), 10) as connection:
        before = service.answered
        connection.sendall(asked)
        time.sleep(0.2)
        assert service.answered - before < 1000
        file = connection.makefile("rb")
        assert {read(file).status for _ in range(1000)} == {200}


def test_idle(service: Service, clock: SettableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection may rest between requests; the head of the next one has to come in time."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.1)
    asked = request(DAY, f"Approov-Token: {token(clock)}")
    with socket.create_connection(("127.0.0.1", service.port), 10) as connection:
        file = connection.makefile("rb")
        for _ in range(2):
            connection.sendall(asked)
            assert read(file).status == 200
            time.sleep(0.2)
        connection.sendall(asked[:20])
        assert file.read() == b""


def test_expiry(clock: SettableClock) -> None:
    """A token that has always passed is refused from the moment on at which it expires."""
    service = Service(clock, is_fast=True)
    with serving(service.app) as url:
        service.port = int(url.rpartition(":")[2])
        good = f"Approov-Token: {token(clock, exp=clock.now + 100)}"
        assert [service.ask(DAY, good).status for _ in range(3)] == [200] * 3
        clock.advance(seconds=99.9)
        assert service.ask(DAY, good).status == 200
        clock.advance(seconds=0.1)
        before = service.answered
        assert service.ask(DAY, good).status == 401
        assert service.answered == before + 1


def test_stopping(service: Service, clock: SettableClock) -> None:
    """A process that is about to end sends its clients elsewhere, which the long way does."""
    service.health.is_stopping = True
    before = service.answered
    said = service.ask(DAY, f"Approov-Token: {token(clock)}")
    assert (said.status, said.header("connection"), service.answered) == (200, "close", before)


def test_defect(
    service: Service,
    clock: SettableClock,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """If something breaks there, that is logged, and the request goes the long way."""

    def fail(*_: object) -> None:
        raise RuntimeError("marker")

    monkeypatch.setattr(ReadyAnswers, "find", fail)
    assert service.ask(DAY, f"Approov-Token: {token(clock)}").status == 200
    lines = capsys.readouterr().out
    assert '"event":"unexpected"' in lines
    assert "marker" not in lines


def test_with_redis(clock: SettableClock) -> None:
    """Where requests are counted in Redis, which has to be waited for, there is no fast path."""
    shared = {"redis_url": "redis://127.0.0.1:1"}
    limited = create_app(make_settings(**shared), clock=clock)
    free = {**shared, "rate_limit_device": "off", "rate_limit_rejected": "off"}
    assert limited.fast_path is None
    assert create_app(make_settings(**free), clock=clock).fast_path is not None


def test_reset(service: Service, clock: SettableClock, capsys: pytest.CaptureFixture[str]) -> None:
    """A client that goes away in the middle is no error of ours."""
    good = f"Approov-Token: {token(clock)}"
    span = f"{APOD}?start_date=2021-01-01&end_date=2021-04-10"
    for _ in range(2):
        service.ask(span, good)
    for number in range(200):
        with socket.create_connection(("127.0.0.1", service.port), 10) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(request(span, good) * 3)
            time.sleep(0.0015 * (number % 2))
    assert service.ask("/livez").status == 200
    assert '"error"' not in capsys.readouterr().out
