"""What comes before the gate, over real sockets."""

import asyncio
import contextlib
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from astropiks import http_protocol
from astropiks.http_protocol import MAX_HEAD_BYTES
from astropiks.server import serving


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the names of the headers and the length of the body."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    request = Request(scope, receive)
    body = await request.body()
    names = ",".join(name for name, _ in request.headers.items())
    await PlainTextResponse(f"{names} {len(body)}")(scope, receive, send)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Serve."""
    with serving(echo) as url:
        yield int(url.rpartition(":")[2])


def talk(port: int, *parts: bytes, most: int = 100) -> bytes:
    """Send *parts*, the last one up to *most* times, and give all that is answered.

    Raises:
        TimeoutError: the connection was not closed.
    """
    answer = b""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        with contextlib.suppress(ConnectionError):
            for part in (*parts[:-1], *[parts[-1]] * most):
                connection.sendall(part)
        with contextlib.suppress(ConnectionError):
            while data := connection.recv(65536):
                answer += data
    return answer


GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
CLOSE = b"Connection: close\r\n\r\n"

ENDLESS = {
    "headers": (GET, b"a: b\r\n" * 1000),
    "one header": (GET, b"a: ", b"b" * 10_000),
    "address": (b"GET /", b"a" * 10_000),
    "nothing like HTTP": (b"", b"\x00" * 10_000),
    "trailers": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"a: b\r\n" * 1000,
    ),
    "chunk extension": (
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a=",
        b"b" * 10_000,
    ),
}


@pytest.mark.parametrize("parts", ENDLESS.values(), ids=ENDLESS)
def test_endless(port: int, parts: tuple[bytes, ...]) -> None:
    """A head or trailer without end is cut off, long before it fills the memory."""
    answer = talk(port, *parts)
    assert not answer or answer.startswith(b"HTTP/1.1 400 ")


def test_large_head_at_once(port: int) -> None:
    """A whole head over the bound is refused as well."""
    answer = talk(port, GET + b"a: " + b"b" * MAX_HEAD_BYTES + b"\r\n" + CLOSE, most=1)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_head_within_the_bound(port: int) -> None:
    """A large head within it is served, and the next one on the same connection too."""
    head = GET + b"a: " + b"b" * (MAX_HEAD_BYTES - 100) + b"\r\n"
    answer = talk(port, head + b"\r\n", head + CLOSE, most=1)
    assert answer.count(b"HTTP/1.1 200 ") == 2


def test_large_body(port: int) -> None:
    """The bound is for heads: a body may be longer, plain or in chunks."""
    plain = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n" + CLOSE
    assert talk(port, plain, b"b" * 10_000).endswith(b" 1000000")
    chunked = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + CLOSE
    chunk = b"2710\r\n" + b"b" * 10_000 + b"\r\n"
    assert talk(port, chunked + chunk * 99, chunk + b"0\r\n\r\n", most=1).endswith(b" 1000000")


@pytest.mark.parametrize("together", [True, False])
def test_trailers(port: int, *, together: bool) -> None:
    """RFC 9110 section 6.5.1: a trailer is no header, in however many packets it comes."""
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + CLOSE
    rest = b"0\r\nApproov-Token: x\r\n\r\n"
    answer = talk(port, head + rest, most=1) if together else talk(port, head, rest, most=1)
    assert b"approov-token" not in answer
    assert answer.endswith(b"host,transfer-encoding,connection 0")


UPGRADE = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"

BAD_HEADS = {
    "no Host": b"GET / HTTP/1.1\r\n\r\n",
    "two Hosts": GET + b"Host: x\r\n\r\n",
    "a Host that is none": b"GET / HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2.0": GET.replace(b"/1.1", b"/2.0") + b"\r\n",
    "another coding": GET + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "a body behind an upgrade": GET + UPGRADE + b"Content-Length: %d\r\n\r\n" % len(GET + CLOSE),
    "chunks behind an upgrade": GET + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n",
}


@pytest.mark.parametrize("head", BAD_HEADS.values(), ids=BAD_HEADS)
def test_bad_head(port: int, head: bytes) -> None:
    """RFC 9112 sections 2.3, 3.2, 6.1; and nobody could tell an upgrade's body from a request."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 400 ")
        assert connection.recv(65536) == b""


@pytest.mark.parametrize("size", range(1, 8))
def test_upgrade(port: int, size: int) -> None:
    """RFC 9110 section 7.8: it is not taken up; what follows it, in any packets, is answered."""
    sent = GET + UPGRADE + b"\r\n" + GET + b"\r\n" + GET + CLOSE
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert talk(port, *pieces, most=1).count(b"HTTP/1.1 200 ") == 3
    assert talk(port, sent, most=1).count(b"HTTP/1.1 200 ") == 3


@pytest.mark.parametrize("beginning", [b"", b"G", GET])
def test_slow_head(port: int, monkeypatch: pytest.MonkeyPatch, beginning: bytes) -> None:
    """A connection that does not finish its head is closed."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.05)
    assert talk(port, beginning, most=1) == b""


def test_slow_second_head(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one that does not finish its second."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    assert talk(port, GET + b"\r\n" + GET, most=1).count(b"HTTP/1.1 200 ") == 1


@pytest.mark.parametrize("between", [b"\r\n", b"\r\n\r\n"])
def test_bytes_between_requests(port: int, monkeypatch: pytest.MonkeyPatch, between: bytes) -> None:
    """Nor is a connection kept by bytes that belong to no request."""
    monkeypatch.setattr(http_protocol, "HEAD_SECONDS", 0.2)
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(GET + b"\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
        connection.sendall(between)
        assert connection.recv(65536) == b""


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer 401 without reading a body."""
    if scope["type"] == "lifespan":
        await echo(scope, receive, send)
        return
    await PlainTextResponse("refused", 401)(scope, receive, send)


@pytest.mark.parametrize(
    "head",
    [
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_body_after_refusal(head: bytes) -> None:
    """After a refusal the body is not waited for, nor taken: the connection is closed."""
    with serving(refuse) as url:
        port = int(url.rpartition(":")[2])
        assert b"HTTP/1.1 401 " in talk(port, head, most=1)
        talk(port, head, b"b" * 100_000, most=1000)


async def slow(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer after a while, as the one thing that takes time on its own here."""
    if scope["type"] == "http":
        await asyncio.sleep(0.2)
    await echo(scope, receive, send)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (GET + b"\r\n" + GET[:10], GET[10:] + CLOSE),
        (
            GET + b"\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n" + CLOSE,
            b"body",
        ),
        (GET + b"\r\n" + GET + CLOSE, b""),
    ],
)
def test_pipelining(first: bytes, second: bytes) -> None:
    """A request that is still coming when the one before it is answered is answered too."""
    with serving(slow) as url:
        port = int(url.rpartition(":")[2])
        answer = b""
        with socket.create_connection(("127.0.0.1", port), 5) as connection:
            connection.sendall(first)
            answer += connection.recv(65536)
            connection.sendall(second)
            while data := connection.recv(65536):
                answer += data
    assert answer.count(b"HTTP/1.1 200 ") == 2


def test_nonsense_after_slow() -> None:
    """What is no request is refused after the answer to what is one, also if that takes time."""
    with serving(slow) as url:
        answer = talk(int(url.rpartition(":")[2]), GET + b"\r\nnonsense\r\n\r\n", most=1)
    assert answer.index(b"HTTP/1.1 200 ") < answer.index(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("size", [40_000, 100_000])
def test_large_head_behind_another(port: int, size: int) -> None:
    """The bound holds for a head that begins in the packet of another one, too."""
    head = GET + b"a: " + b"b" * size
    answer = talk(port, GET + b"\r\n" + head, b"b\r\n" + CLOSE, most=1)
    assert answer.count(b"HTTP/1.1 200 ") == 1
    assert b"HTTP/1.1 400 " in answer


@pytest.mark.parametrize("app", [echo, slow], ids=["quick", "slow"])
def test_many_at_once(app: ASGIApp) -> None:
    """Many requests sent at once, some with bodies, are all answered, in their order."""
    body = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n" + b"b" * 9000
    # Bodies of one packet's size, so that requests end within pieces and across them.
    number = 4 if app is slow else 150
    asked = (GET + b"\r\n" + body) * number + GET + CLOSE
    with serving(app) as url:
        answer = talk(int(url.rpartition(":")[2]), asked, most=1)
    lengths = re.findall(rb"host[a-z,-]* (\d+)(?=HTTP|$)", answer)
    assert lengths == [b"0", b"9000"] * number + [b"0"]


BODY = b"b" * 8_000_000
"""More than buffers hold."""


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with much."""
    await (echo if scope["type"] == "lifespan" else Response(BODY))(scope, receive, send)


async def unfinished(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with much, and never with the rest of it."""
    if scope["type"] == "lifespan":
        await echo(scope, receive, send)
        return
    head = {"type": "http.response.start", "status": 200}
    await send({**head, "headers": [(b"content-length", b"%d" % (len(BODY) + 1))]})
    await send({"type": "http.response.body", "body": BODY, "more_body": True})


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Tell when the server has let go of a connection."""
    event, usual = threading.Event(), http_protocol.BoundedHttpProtocol.connection_lost

    def connection_lost(
        protocol: http_protocol.BoundedHttpProtocol, error: Exception | None
    ) -> None:
        usual(protocol, error)
        event.set()

    monkeypatch.setattr(http_protocol.BoundedHttpProtocol, "connection_lost", connection_lost)
    return event


@pytest.mark.parametrize("app", [large, unfinished])
def test_never_reads(app: ASGIApp, lost: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that asks for much and takes nothing does not keep its connection for good."""
    monkeypatch.setattr(http_protocol, "LINGER_SECONDS", 0.05)
    with serving(app) as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        with socket.create_connection(address, 5) as connection:
            connection.sendall(GET + CLOSE)
            assert lost.wait(5)


def test_reads_slowly(lost: threading.Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does take it gets all, however long that takes."""
    monkeypatch.setattr(http_protocol, "LINGER_SECONDS", 0.2)
    with serving(large) as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        with socket.create_connection(address, 5) as connection:
            connection.sendall(GET + CLOSE)
            got, began = 0, time.monotonic()
            while data := connection.recv(100_000):
                got += len(data)
                time.sleep(0.01)
            assert lost.wait(5)
    assert got > len(BODY)
    assert time.monotonic() - began > 0.4


def test_unfinished(caplog: pytest.LogCaptureFixture) -> None:
    """An answer that breaks off looks incomplete, and nobody calls that a defect."""
    with serving(unfinished) as url:
        answer = talk(int(url.rpartition(":")[2]), GET + b"\r\n", most=1)
    assert answer.partition(b"\r\n\r\n")[2] == BODY
    assert caplog.records == []


def test_leaves_with_another_asked() -> None:
    """A client that leaves ends its answer at once, also where it had asked for one more."""
    has_ended = threading.Event()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"b"
                await asyncio.sleep(0)
        finally:
            has_ended.set()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        answer = echo if scope["type"] == "lifespan" else StreamingResponse(pieces())
        await answer(scope, receive, send)

    with serving(endless) as url:
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        with socket.create_connection(address, 5) as connection:
            connection.sendall(2 * (GET + b"\r\n"))
            assert connection.recv(100)
        assert has_ended.wait(5)
