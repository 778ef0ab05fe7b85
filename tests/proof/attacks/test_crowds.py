"""Who keeps the server waiting keeps nobody else waiting, and fills no memory."""

import contextlib
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from astropiks.http_protocol import HEAD_SECONDS
from attestation.asgi import BODY_SECONDS
from benchmarks.machine import resident_megabytes
from tests.processes import ROOT, environment
from tests.proof.attacks.crowding import SPARE_DESCRIPTORS, allow
from tests.proof.attacks.http_cases import CHUNKED, GET, GOOD, HOST, POST, TOKEN
from tests.proof.attacks.served import Served, served
from tests.proof.attacks.wire import Connection, connected, parsed
from tests.proof.record import IS_WHOLE, Record, scaled
from tests.proof.watch import descriptors

CROWD = scaled(100, 1000)
REQUESTS = scaled(80, 2000)

USUAL = 1.5
"""So many times the median without a crowd is still usual; a busy machine moves it by as much."""

USUAL_SECONDS = 0.0005
"""And this much more, where a median is too short to be compared by its multiple."""


@pytest.fixture(scope="module", autouse=True)
def _many_descriptors() -> Iterator[None]:
    """Let a server that is started here have more than a thousand connections."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    allow(2 * CROWD + SPARE_DESCRIPTORS)
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Serve."""
    with served(tmp_path_factory.mktemp("crowds")) as service:
        yield service


@contextmanager
def crowd(port: int, kind: str) -> Iterator[Callable[[], int]]:
    """Crowd the server; gives what tells how many connections it has closed so far."""
    command = [sys.executable, "-m", "tests.proof.attacks.crowding", str(port), str(CROWD), kind]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        first = process.stdout.readline()
        assert first, "the crowd did not come together"
        told = [int(first)]

        def listen() -> None:
            assert process.stdout
            told.extend(int(line) for line in process.stdout)

        threading.Thread(target=listen, daemon=True).start()
        try:
            yield lambda: told[-1]
        finally:
            assert process.stdin
            process.stdin.close()
            process.wait(30)


def good(service: Served, connection: Connection | None = None) -> float:
    """Ask as an app does, on this connection or one of its own; give the seconds."""
    sent = GOOD.replace(b"TOKEN", service.token.encode())
    began = time.perf_counter()
    if connection is not None:
        return _answered(connection, sent, began)
    with connected(service.port) as own:
        return _answered(own, sent, began)


def _answered(connection: Connection, sent: bytes, began: float) -> float:
    connection.received = b""
    connection.send(sent)
    while True:
        assert connection.read(10)
        with contextlib.suppress(AssertionError, ValueError):
            (answer,) = parsed(connection.received)
            break
    assert answer.status == 200
    return time.perf_counter() - began


def medians(service: Served) -> tuple[float, float]:
    """Measure requests on a connection that is kept, and on new ones: the medians, in seconds."""
    with connected(service.port) as connection:
        kept = [good(service, connection) for _ in range(REQUESTS)]
    return statistics.median(kept), statistics.median(good(service) for _ in range(REQUESTS))


def _in_place(service: Served) -> int:
    """Wait until the server has taken all of the crowd; give its descriptors then."""
    deadline = time.monotonic() + 20
    while (most := descriptors(service.pid)) <= CROWD:
        assert time.monotonic() < deadline, f"only {most} descriptors"
        time.sleep(0.05)
    return most


@pytest.mark.parametrize("kind", ["idle", "slow"])
def test_crowd(service: Served, proof: Record, kind: str) -> None:
    """Others are served within their usual time."""
    before = medians(service)
    with crowd(service.port, kind) as closed:
        most = _in_place(service)
        within = medians(service)
        if IS_WHOLE:  # till the server has had enough of each of them
            deadline = time.monotonic() + HEAD_SECONDS + 10
            while closed() < CROWD and time.monotonic() < deadline:
                time.sleep(0.5)
            assert closed() >= CROWD
        ended = closed()
    after = medians(service)
    usual = [max(pair) for pair in zip(before, after, strict=True)]
    proof.row(
        "attack-crowds",
        crowd=f"{CROWD} {kind}",
        median_without=" / ".join(f"{one * 1000:.2f}" for one in usual) + " ms",
        median_with=" / ".join(f"{one * 1000:.2f}" for one in within) + " ms",
        descriptors=most,
        closed_by_the_server=ended,
    )
    for one, other in zip(within, usual, strict=True):
        assert one <= USUAL * other + USUAL_SECONDS


ENDLESS: Mapping[str, tuple[bytes, bytes]] = {
    "headers": (GET + HOST, b"a: b\r\n" * 1000),
    "one header": (GET + HOST + b"a: ", b"b" * 6000),
    "a target": (b"GET /", b"a" * 6000),
    "chunk extensions": (POST + HOST + TOKEN + CHUNKED + b"1;a=", b"b" * 6000),
    "trailers": (POST + HOST + TOKEN + CHUNKED + b"0\r\n", b"a: b\r\n" * 1000),
    "a body": (POST + HOST + TOKEN + CHUNKED, b"1770\r\n" + b"b" * 6000 + b"\r\n"),
    "a body without a token": (POST + HOST + b"Content-Length: 99999999\r\n\r\n", b"b" * 6000),
    "requests, no answer of which is read": (b"", GOOD * 10),
    "empty lines": (b"", b"\r\n" * 3000),
    "small chunks": (POST + HOST + TOKEN + CHUNKED, b"1\r\nb\r\n" * 1000),
}

PIECES = 200
TOGETHER = scaled(10, 100)

MORE_MEGABYTES = 40
"""Of memory, while a hundred of them are at it; what they send is over a hundred megabytes."""

WAIT_SECONDS = 2.0
"""For somebody else with a connection, between turns of a hundred who ask without end."""

ACCEPTED_SECONDS = 30.0
"""For somebody else without one. libuv takes one new connection in each round of its loop, and
those before it may each have a turn in it."""


@pytest.mark.parametrize("name", ENDLESS)
def test_memory(service: Served, proof: Record, name: str) -> None:
    """What never ends is cut off, or waits with its sender, long before it fills the memory."""
    beginning, piece = (part.replace(b"TOKEN", service.token.encode()) for part in ENDLESS[name])
    before = most = resident_megabytes(service.pid)
    taken = 0
    with contextlib.ExitStack() as stack:
        own = stack.enter_context(connected(service.port))
        good(service, own)
        for _ in range(TOGETHER):
            connection = stack.enter_context(connected(service.port))
            connection.socket.settimeout(0.05)
            with contextlib.suppress(OSError):
                connection.socket.sendall(beginning)
                for _ in range(PIECES):
                    connection.socket.sendall(piece)
                    taken += len(piece)
            most = max(most, resident_megabytes(service.pid))
        waited = good(service, own)
        most = max(most, resident_megabytes(service.pid))
    proof.row(
        "attack-memory",
        endless=name,
        connections=TOGETHER,
        taken_of_them=f"{taken / 1e6:.1f} MB",
        memory_grew_by=f"{max(0.0, most - before):.1f} MB",
        another_is_answered_after=f"{waited * 1000:.1f} ms",
    )
    assert waited < WAIT_SECONDS
    assert most - before < MORE_MEGABYTES


def test_crowd_that_asks(service: Served, proof: Record) -> None:
    """New connections are taken, too, while many others ask on and on without reading."""
    asked = (GOOD * 10).replace(b"TOKEN", service.token.encode())
    with contextlib.ExitStack() as stack:
        for _ in range(TOGETHER):
            connection = stack.enter_context(connected(service.port))
            connection.socket.settimeout(0.05)
            with contextlib.suppress(OSError):
                for _ in range(PIECES):
                    connection.socket.sendall(asked)
        waited = _answered_within(service, ACCEPTED_SECONDS)
    proof.row(
        "attack-memory",
        endless="requests, and then a new connection",
        connections=TOGETHER,
        taken_of_them="",
        memory_grew_by="",
        another_is_answered_after=f"{waited * 1000:.1f} ms",
    )
    assert waited < ACCEPTED_SECONDS


def _answered_within(service: Served, seconds: float) -> float:
    with connected(service.port) as own:
        began = time.perf_counter()
        own.send(GOOD.replace(b"TOKEN", service.token.encode()))
        assert own.read(seconds), "a new connection was not taken"
        return time.perf_counter() - began


def test_hang_up(service: Served) -> None:
    """Clients that go away, at whatever byte, leave nothing behind."""
    sent = GOOD.replace(b"TOKEN", service.token.encode())
    open_before = descriptors(service.pid)
    calls = len(service.nasa.requests)
    for number, at in enumerate(range(0, len(sent), scaled(5, 1))):
        with connected(service.port) as connection:
            connection.send(sent[:at])
            if number % 2:
                connection.socket.shutdown(1)
    deadline = time.monotonic() + 10
    while descriptors(service.pid) > open_before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert descriptors(service.pid) <= open_before
    assert len(service.nasa.requests) == calls
    assert good(service) < 5


SLOW: Mapping[str, bytes] = {
    "nothing": b"",
    "a byte": b"G",
    "half a head": GET + HOST,
    "half a head, behind a request": GOOD + GET + HOST,
}


@pytest.mark.skipif(not IS_WHOLE, reason="TAKES 50 S: `make proof` waits for what is late")
def test_late_heads(service: Served, proof: Record) -> None:
    """A head has so many seconds; then the connection ends."""
    with contextlib.ExitStack() as stack:
        late = {name: stack.enter_context(connected(service.port)) for name in SLOW}
        began = time.monotonic()
        for name, sent in SLOW.items():
            late[name].send(sent.replace(b"TOKEN", service.token.encode()))
        for name, connection in late.items():
            connection.read_to_end(HEAD_SECONDS + 10)
            seconds = time.monotonic() - began
            proof.row("attack-late", sent=name, ended_after=f"{seconds:.1f} s", answers=len(
                parsed(connection.received)))  # fmt: skip
            assert HEAD_SECONDS - 1 < seconds < HEAD_SECONDS + 5


@pytest.mark.skipif(not IS_WHOLE, reason="TAKES 15 S: `make proof` waits for what is late")
def test_late_body(tmp_path: Path, proof: Record) -> None:
    """Where signatures are demanded, so that bodies are read, a body has so many seconds."""
    signing = {"APPROOV_MESSAGE_SIGNING": "if-present", "PUBLIC_BASE_URL": "https://proxy.test"}
    with served(tmp_path, **signing) as service, connected(service.port) as connection:
        began = time.monotonic()
        head = POST + HOST + TOKEN + b"Content-Length: 10\r\n\r\n12345"
        connection.send(head.replace(b"TOKEN", service.token.encode()))
        (answer,) = parsed(connection.read_to_end(BODY_SECONDS + 10))
        seconds = time.monotonic() - began
    proof.row("attack-late", sent="half a body", ended_after=f"{seconds:.1f} s", answers=1)
    assert answer.status == 401
    assert BODY_SECONDS - 1 < seconds < BODY_SECONDS + 5
