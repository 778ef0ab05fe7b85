"""Who keeps the server waiting keeps nobody else waiting, and fills no memory."""

import contextlib
import resource
import select
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from astropiks.http_protocol import HEAD_SECONDS
from attestation.asgi import BODY_SECONDS
from benchmarks.machine import resident_megabytes
from tests.processes import ROOT, environment
from tests.proof.attacks.crowding import SPARE_DESCRIPTORS, allow
from tests.proof.attacks.endless import ENDLESS, UNREAD
from tests.proof.attacks.http_cases import GET, GOOD, HOST, POST, TOKEN
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
def program(name: str, *arguments: object) -> Iterator[IO[bytes]]:
    """Run one of those beside this until the end; gives its output, whose first line has come."""
    command = [sys.executable, "-m", f"tests.proof.attacks.{name}", *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            assert process.stdout.readline(), "they have not come together"
            yield process.stdout
        finally:
            process.stdin.close()
            process.wait(30)


@contextmanager
def crowd(port: int, kind: str) -> Iterator[Callable[[], int]]:
    """Crowd the server; gives what tells with how many of the crowd it has been done so far."""
    told = [0]
    with program("crowding", port, CROWD, kind) as output:

        def listen() -> None:
            told.extend(int(line) for line in output)

        threading.Thread(target=listen, daemon=True).start()
        yield lambda: told[-1]


def good(service: Served, connection: Connection | None = None, within: float = 10) -> float:
    """Ask as an app does, on this connection or one of its own; give the seconds till a 200."""
    began = time.perf_counter()
    if connection is None:
        with connected(service.port) as own:
            return _answered(service, own, began, within)
    return _answered(service, connection, began, within)


def _answered(service: Served, connection: Connection, began: float, within: float) -> float:
    connection.received = b""
    connection.send(GOOD.replace(b"TOKEN", service.token.encode()))
    while True:
        assert connection.read(max(0.0, began + within - time.perf_counter())), "no answer"
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
            assert closed() == CROWD
        ended = closed()
    proof.row(
        "attack-crowds",
        crowd=f"{CROWD} {kind}",
        median_without=" / ".join(f"{one * 1000:.2f}" for one in before) + " ms",
        median_with=" / ".join(f"{one * 1000:.2f}" for one in within) + " ms",
        descriptors=most,
        of_whom_the_server_closed=ended,
    )
    for one, other in zip(within, before, strict=True):
        assert one <= USUAL * other + USUAL_SECONDS


TOGETHER = scaled(10, 100)

MORE_MEGABYTES = 40
"""Of memory at most, while a hundred are at it; what they send is up to a hundred megabytes."""

WAIT_SECONDS = 2.0
"""For somebody else with a connection, between turns of a hundred who ask without end."""

ACCEPTED_SECONDS = 30.0
"""For somebody else without one. libuv takes one new connection in each round of its loop, and
those before it may each have a turn in it."""

SENDING_SECONDS = 120.0
PAUSE_SECONDS = 0.005


def peak_megabytes(process: int) -> float:
    """Give how much memory a process has had at most so far (VmHWM)."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


@pytest.mark.parametrize(
    ("name", "is_new"),
    [*((name, False) for name in [*ENDLESS][:: scaled(4, 1)]), (UNREAD, True)],
)
def test_memory(tmp_path: Path, proof: Record, name: str, *, is_new: bool) -> None:
    """What never ends is cut off, or waits with its sender; others are answered meanwhile.

    In a process of its own, which has no memory yet that it could use again: of others who have a
    connection already, or who make a new one each time.
    """
    with served(tmp_path) as service, connected(service.port) as kept:
        good(service, kept)
        before = resident_megabytes(service.pid)
        limit = ACCEPTED_SECONDS if is_new else WAIT_SECONDS
        waits: list[float] = []
        deadline = time.monotonic() + SENDING_SECONDS
        with program("endless", service.port, TOGETHER, name, service.token) as output:
            while not select.select([output], [], [], PAUSE_SECONDS)[0]:
                waits.append(good(service, None if is_new else kept, limit))
                assert time.monotonic() < deadline
            taken = int(output.readline())
            waits.append(good(service, None if is_new else kept, limit))
        grown = peak_megabytes(service.pid) - before
    proof.row(
        "attack-memory",
        endless=name,
        connections=TOGETHER,
        taken_of_them=f"{taken / 1e6:.1f} MB",
        memory_grew_by=f"{grown:.1f} MB",
        others="on new connections" if is_new else "on one that is kept",
        answered_meanwhile=len(waits),
        slowest=f"{max(waits) * 1000:.1f} ms",
    )
    assert max(waits) < limit
    assert grown < MORE_MEGABYTES


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
    ended: dict[str, float] = {}
    with contextlib.ExitStack() as stack:
        late = {name: stack.enter_context(connected(service.port)) for name in SLOW}
        began = time.monotonic()
        for name, sent in SLOW.items():
            late[name].send(sent.replace(b"TOKEN", service.token.encode()))
        while open_ := {late[name].socket: name for name in SLOW if name not in ended}:
            left = began + HEAD_SECONDS + 10 - time.monotonic()
            ready = select.select([*open_], [], [], max(0.0, left))[0]
            assert ready, f"not closed: {open_.values()}"
            for name in (open_[one] for one in ready):
                late[name].read(0)
                if late[name].ended:
                    ended[name] = time.monotonic() - began
    for name, seconds in ended.items():
        answers = len(parsed(late[name].received))
        proof.row("attack-late", sent=name, ended_after=f"{seconds:.2f} s", answers=answers)
        assert answers == SLOW[name].count(GOOD)
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
    proof.row("attack-late", sent="half a body", ended_after=f"{seconds:.2f} s", answers=1)
    assert answer.status == 401
    assert BODY_SECONDS - 1 < seconds < BODY_SECONDS + 5
