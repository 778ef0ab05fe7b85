import json
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Mount
from starlette.types import ASGIApp

from astropiks.server import serving
from attestation.errors import SignatureError
from attestation.keys import HmacKey, KeyRing
from attestation.token import TokenVerifier
from benchmarks import contestants, machine, tokens
from benchmarks.client import Connection, Reply, UnreadableError
from benchmarks.peers import bare, hello
from benchmarks.processes import Command, NotStartedError, free_port, running
from benchmarks.tokens import Tokens
from tests.processes import ROOT


def reply(status: int = 200, *, size: int = 100) -> Reply:
    """Make an answer."""
    return Reply(status=status, headers=(("etag", '"a"'),), body=b"{}\xff", size=size)


def asking(app: ASGIApp) -> httpx.AsyncClient:
    """Ask an application without a network."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://peer.test")


@contextmanager
def connected(answer: ASGIApp) -> Iterator[Connection]:
    """Serve one answer, and connect to the server."""
    app = Starlette(routes=[Mount("/", app=answer)])
    with serving(app) as url, Connection(httpx.URL(url).port or 0) as connection:
        yield connection


def serving_files() -> tuple[Command, int]:
    """Give a small server, and its port."""
    port = free_port()
    arguments = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    return Command(arguments, {}, machine.load_core()), port


async def test_bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bare application sends status, headers and body as it was told, byte by byte."""
    headers = [["etag", '"a"'], ["content-length", "3"]]
    path = tmp_path / "answer"
    path.write_text(json.dumps({"status": 203, "headers": headers, "body": "{}\xff"}))
    monkeypatch.setenv(bare.ANSWER, str(path))
    async with asking(bare.create_app()) as client:
        answer = await client.get("/anything")
    assert (answer.status_code, answer.content) == (203, b"{}\xff")
    assert answer.headers.raw == [(b"etag", b'"a"'), (b"content-length", b"3")]


@pytest.mark.parametrize(
    ("token", "status"),
    [
        (tokens.development(), 200),
        (tokens.forged(tokens.development()), 401),
        ("", 401),
    ],
    ids=["good", "forged", "none"],
)
async def test_hello(monkeypatch: pytest.MonkeyPatch, token: str, status: int) -> None:
    """FastAPI's application looks at the token before it says hello."""
    monkeypatch.setenv(hello.SECRET, b64encode(tokens.SECRET).decode())
    async with asking(hello.create_app()) as client:
        answer = await client.get(contestants.PATH, headers=contestants.headers(token))
    assert answer.status_code == status


def test_tokens(tmp_path: Path) -> None:
    """No token is made twice, each verifies, and a forged one only lacks the right signature."""
    made = Tokens()
    good = made.write(tmp_path / "good", 100).read_text().split()
    forged = made.write_forged(tmp_path / "forged", 100).read_text().split()
    verifier = TokenVerifier(KeyRing((HmacKey(tokens.SECRET),)), clock=time.time)
    devices = {verifier.verify(token.encode()).device_id for token in good}
    assert len({*good, *forged}) == 200
    assert len(devices) == 100
    for token in (*forged, *map(tokens.forged, good)):
        with pytest.raises(SignatureError):
            verifier.verify(token.encode())


def test_connection() -> None:
    """The client reads whole answers, one after the other."""
    body = b"x" * 300_000
    with connected(Response(body, headers={"X-Name": "value"})) as connection:
        first, second = (connection.get("/", {"Connection": "Keep-Alive"}) for _ in range(2))
    assert (first.status, first.body, first.header("x-name")) == (200, body, "value")
    assert (second.status, second.body, second.size) == (200, body, first.size)


def test_connection_without_body() -> None:
    """A 304 has no body."""
    with connected(Response(status_code=304)) as connection:
        assert [connection.get("/", {}).status for _ in range(2)] == [304, 304]


def test_connection_without_length() -> None:
    """An answer whose end cannot be known is not guessed at."""
    endless = StreamingResponse(iter(["x"]))
    with connected(endless) as connection, pytest.raises(UnreadableError):
        connection.get("/", {})


def test_running(tmp_path: Path) -> None:
    """A process answers when it is handed over, and is on its core."""
    with running(*serving_files(), "/", {}, tmp_path) as process:
        assert machine.resident_megabytes(process.number) > 1
        status = Path(f"/proc/{process.number}/status").read_text()
    assert f"Cpus_allowed_list:\t{min(machine.load_core())}\n" in status


def test_ended(tmp_path: Path) -> None:
    """Whatever happens, the process has ended afterwards."""
    numbers = []

    def fail() -> None:
        with running(*serving_files(), "/", {}, tmp_path) as process:
            numbers.append(process.number)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [Path(f"/proc/{number}").exists() for number in numbers] == [False]


def test_not_started(tmp_path: Path) -> None:
    """A process that ends by itself is told with what it said."""
    command = Command([sys.executable, "-c", "print('no', 1)"], {}, machine.load_core())
    started = running(command, free_port(), "/", {}, tmp_path)
    with pytest.raises(NotStartedError, match="did not answer:\nno 1"), started:
        pass


def test_wrong_first_answer(tmp_path: Path) -> None:
    """One that answers something else than 200 counts as not started."""
    started = running(*serving_files(), "/missing", {}, tmp_path)
    with pytest.raises(NotStartedError, match="answered 404"), started:
        pass


def test_haproxy_configuration() -> None:
    """HAProxy has one thread and checks algorithm, signature and expiry."""
    text = contestants.HAPROXY_CONFIGURATION.read_text()
    assert "nbthread 1\n" in text
    assert [text.count(f"{check}(") for check in ("jwt_header_query", "jwt_verify", "date")] == [
        1
    ] * 3
    assert text.count("deny_status 401") == 3


def test_make_bench() -> None:
    """`make bench` and `make profile` run what these tests are about."""
    makefile = (ROOT / "Makefile").read_text()
    assert "-m benchmarks.hits --output docs\n" in makefile
    assert "-m benchmarks.profile_hits\n" in makefile
