"""The port that shows metrics: open to a private network, and never at the service's expense."""

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest

from edge import metrics_port
from edge.metrics_port import CONNECTIONS, PortError, Shown, listening
from tests.processes import free_port

AT_ONCE = 5
"""Seconds in which what comes at once has come."""


def show() -> bytes:
    """Be the metrics."""
    return b"cows_total 3.0\n"


SHOWN = Shown("/metrics", "text/plain; version=1.0.0", show)


@pytest.fixture
def port() -> Iterator[int]:
    """Give a port that shows them."""
    number = free_port()
    with listening("127.0.0.1", number, SHOWN):
        yield number


def connected(port: int) -> socket.socket:
    """Connect, and say nothing."""
    return socket.create_connection(("127.0.0.1", port), AT_ONCE)


def test_shown(port: int) -> None:
    """It shows what Prometheus reads, at one path alone."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics?name=x")
    assert (answer.status_code, answer.content) == (200, show())
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 404
    assert httpx.post(f"http://127.0.0.1:{port}/metrics").status_code == 501


def test_few_connections(port: int) -> None:
    """However many connect, it holds few connections, and no more threads than one for each."""
    before = threading.active_count()
    many = [connected(port) for _ in range(100)]
    try:
        closed = [one for one in many[CONNECTIONS:] if one.recv(1) == b""]
        assert len(closed) == 100 - CONNECTIONS
        assert threading.active_count() - before <= CONNECTIONS
    finally:
        for one in many:
            one.close()


@pytest.mark.parametrize("said", [b"", b"GET /metrics HTTP/1.1\r\nX: "])
def test_short_connections(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    """A connection ends in its time, whether its client says nothing or never comes to an end."""
    monkeypatch.setattr(metrics_port, "SECONDS", 0.05)
    monkeypatch.setattr(metrics_port, "LOOK_SECONDS", 0.01)
    port = free_port()
    with listening("127.0.0.1", port, SHOWN), connected(port) as client:
        client.sendall(said)
        assert client.recv(1) == b""
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 200


def test_cannot_be_shown() -> None:
    """What cannot be added up is a 503, not an empty answer."""

    def fail() -> bytes:
        raise FileNotFoundError

    port = free_port()
    with listening("127.0.0.1", port, SHOWN._replace(give=fail)):
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 503


@pytest.mark.parametrize("host", ["203.0.113.1", "no-such-host.invalid", "x" * 70])
def test_no_such_address(host: str) -> None:
    """An address that is none of this machine's is told by the variables' names."""
    with (
        pytest.raises(PortError, match="METRICS_HOST to an address of this machine"),
        listening(host, free_port(), SHOWN),
    ):
        pass


def test_no_threads(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection for which no thread can be started leaves its place to the next."""

    def fail(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", fail)
        for _ in range(CONNECTIONS + 1):
            with connected(port) as client:
                assert client.recv(1) == b""
    assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 200


def test_last_thread(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one more thread can be started, but not two, a connection is answered."""
    start, left = threading.Thread.start, [1]

    def start_one(thread: threading.Thread) -> None:
        if not left:
            raise RuntimeError("can't start new thread")
        left.pop()
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 200


def test_version_6_alone() -> None:
    """At every IPv6 address it is at no other, as PORT is."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("NO IPv6 HERE: METRICS_HOST=:: is not tried")
    number = free_port()
    with listening("::", number, SHOWN):
        assert httpx.get(f"http://[::1]:{number}/metrics").status_code == 200
        with pytest.raises(ConnectionRefusedError):
            connected(number)
