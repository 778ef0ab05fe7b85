"""Streams over real sockets: cut short, slow, large, or left alone."""

import asyncio
import base64
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from astropiks.apps import create_app
from astropiks.mint import DEVICE_ID, mint
from astropiks.server import serving
from edge import transfers
from proxy import app, relay
from proxy.sources import client, stream
from standin.app import StandIn
from standin.faults import Fault
from tests.conftest import EVERYTHING, NASA_KEY, SECRET, make_settings
from tests.processes import ASTROPIKS, environment, free_port, running, wait_for
from tests.proxy.bodies import Body

PICTURE = "/v2/apod.nasa.gov/apod/image/2110/FireballAlberta_Qin_5568.jpg"
PNG = {"Content-Type": "image/png"}
MEGABYTE = 1_000_000


def token(device: str = DEVICE_ID) -> dict[str, str]:
    """Be a genuine app's, on that device."""
    return {"Approov-Token": mint(SECRET, now=time.time(), more={"did": device})}


@contextlib.contextmanager
def relaying(answer: Callable[[], httpx.Response], **settings: object) -> Iterator[str]:
    """Serve pictures of a host that answers so, and give the address."""
    transport = httpx.MockTransport(lambda _: answer())
    with serving(
        create_app(make_settings(**{**EVERYTHING, **settings}), transport=transport)
    ) as url:
        yield url


def read(url: str) -> tuple[bytes, bool]:
    """Get a picture: what came of it, and whether it looked whole."""
    body = bytearray()
    with httpx.stream("GET", f"{url}{PICTURE}", headers=token(), trust_env=False) as answer:
        try:
            for chunk in answer.iter_raw():
                body += chunk
        except httpx.RemoteProtocolError:
            return bytes(body), False
    return bytes(body), True


def test_whole() -> None:
    """A picture without a declared length comes whole."""
    body = Body(b"a" * 1000, b"b" * 1000)
    with relaying(lambda: httpx.Response(200, headers=PNG, stream=body)) as url:
        assert read(url) == (b"a" * 1000 + b"b" * 1000, True)


@pytest.mark.parametrize("declared", [{}, {"Content-Length": "2000"}])
def test_breaks_off(declared: dict[str, str]) -> None:
    """Where the host breaks off, the client sees that something is missing."""
    body = Body(b"a" * 1000, then=httpx.ReadError("gone"))
    with relaying(lambda: httpx.Response(200, headers=PNG | declared, stream=body)) as url:
        assert read(url) == (b"a" * 1000, False)
    assert body.closed


def test_shorter_than_declared() -> None:
    """So it does where the host ends early as if all were well."""
    body = Body(b"a" * 1000)
    headers = {**PNG, "Content-Length": "2000"}
    with relaying(lambda: httpx.Response(200, headers=headers, stream=body)) as url:
        assert read(url) == (b"a" * 1000, False)


def test_undeclared_size() -> None:
    """A file that does not declare its length is cut at the bound."""
    body = Body(*[b"x" * 100_000] * 50)
    answer = httpx.Response(200, headers=PNG, stream=body)
    with relaying(lambda: answer, image_max_megabytes=1) as url:
        assert read(url) == (b"x" * MEGABYTE, False)
    assert (body.taken, body.closed) == (11, True)


class Stalled(Body):
    """A body that stands still after its first piece."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give it."""
        yield b"x"
        await asyncio.Event().wait()


def test_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A transfer that takes too long is cut, and the host's connection let go."""
    monkeypatch.setattr(relay, "TRANSFER_SECONDS", 0.05)
    body = Stalled()
    with relaying(lambda: httpx.Response(200, headers=PNG, stream=body)) as url:
        assert read(url) == (b"x", False)
    assert body.closed


def test_no_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that does not begin to answer is given up at the deadline."""
    monkeypatch.setattr(stream, "DEADLINE_SECONDS", 0.05)
    nasa = StandIn(keys={NASA_KEY})
    nasa.faults["pictures"] = Fault.HANG
    with serving(nasa) as nasa_url:
        settings = make_settings(**EVERYTHING, nasa_image_base_url=nasa_url)
        with serving(create_app(settings)) as url:
            answer = httpx.get(f"{url}{PICTURE}", headers=token(), trust_env=False)
    assert answer.status_code == 504


def test_many_slow_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """When every connection is taken by slow readers, that is what it says; records still come."""
    monkeypatch.setattr(app, "MAX_STREAMS", 2)
    monkeypatch.setattr(client, "POOL_SECONDS", 0.05)
    nasa = StandIn(keys={NASA_KEY})
    nasa.conditions.picture_bytes = 40 * MEGABYTE
    with serving(nasa) as nasa_url:
        urls = ("nasa_image_base_url", "nasa_api_base_url", "nasa_science_base_url")
        settings = make_settings(**EVERYTHING, **dict.fromkeys(urls, nasa_url))
        with serving(create_app(settings)) as url, contextlib.ExitStack() as readers:
            for _ in range(2):
                slow = httpx.stream("GET", f"{url}{PICTURE}", headers=token(), trust_env=False)
                assert readers.enter_context(slow).status_code == 200
            refused = httpx.get(f"{url}{PICTURE}", headers=token(), trust_env=False)
            record = httpx.get(f"{url}/planetary/apod", headers=token(), trust_env=False)
            other = httpx.get(f"{url}/neo/rest/v1/feed", headers=token(), trust_env=False)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
    assert (record.status_code, other.status_code) == (200, 200)


def begins(url: str) -> int:
    """Ask, and hang up once there is a status."""
    with httpx.stream("GET", url, headers=token(), trust_env=False) as answer:
        return answer.status_code


@pytest.mark.parametrize("path", [PICTURE, "/neo/rest/v1/feed"])
def test_share_of_one_device(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """A device that reads slowly does not take the place of others; it is told that it is much."""
    monkeypatch.setattr(transfers, "MAX_OF_ONE", 2)
    body = Body(*[b"x" * MEGABYTE] * 20)
    headers = {**PNG, "Content-Length": str(20 * MEGABYTE)}
    with (
        relaying(lambda: httpx.Response(200, headers=headers, stream=body)) as url,
        contextlib.ExitStack() as readers,
    ):
        for _ in range(2):
            slow = httpx.stream("GET", f"{url}{path}", headers=token(), trust_env=False)
            assert readers.enter_context(slow).status_code == 200
        refused = httpx.get(f"{url}{path}", headers=token(), trust_env=False)
        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "5")
        other = httpx.stream("GET", f"{url}{path}", headers=token("another"), trust_env=False)
        with other as answer:
            assert answer.status_code == 200
        readers.close()
        until = time.monotonic() + 10
        while begins(f"{url}{path}") == 429 and time.monotonic() < until:
            pass  # that they have gone has to be noticed first
        assert begins(f"{url}{path}") == 200


class Watched(Body):
    """A body of 40 MB that tells how much has been taken, and when it is let go."""

    def __init__(self) -> None:
        super().__init__(*[b"x" * 65_536] * 610)
        self.let_go = threading.Event()

    async def aclose(self) -> None:
        """Be hung up on."""
        self.let_go.set()


def test_back_pressure() -> None:
    """A client that does not read stops the flow, and one that leaves ends it."""
    body = Watched()
    with relaying(lambda: httpx.Response(200, headers=PNG, stream=body)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as reader:
            ((name, value),) = token().items()
            request = f"GET {PICTURE} HTTP/1.1\r\nHost: x\r\n{name}: {value}\r\n\r\n"
            reader.sendall(request.encode())
            assert reader.recv(100).startswith(b"HTTP/1.1 200")
            before = -1
            while before != body.taken:
                before = body.taken
                assert not body.let_go.wait(0.3)
            assert 0 < body.taken < 400
        assert body.let_go.wait(10)


def peak_kilobytes(pid: int) -> int:
    """Give the most memory that a process has ever had resident."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if "VmHWM" in line)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
def test_flat_memory(tmp_path: Path) -> None:
    """A file of 40 MB is passed on without being held: memory stays as it is."""
    nasa_port, port = free_port(), free_port()
    nasa_url = f"http://127.0.0.1:{nasa_port}"
    standin = [*ASTROPIKS, "standin", "--port", str(nasa_port), "--key", NASA_KEY]
    standin += ["--condition", f"picture_bytes={40 * MEGABYTE}"]
    env = environment(
        PORT=str(port),
        NASA_API_KEY=NASA_KEY,
        NASA_API_BASE_URL=nasa_url,
        NASA_SCIENCE_BASE_URL=nasa_url,
        NASA_IMAGE_BASE_URL=nasa_url,
        IMAGE_PROXY="on",
        PUBLIC_BASE_URL="https://proxy.test",
        APPROOV_BASE64_SECRET=base64.b64encode(SECRET).decode(),
    )
    outputs = tmp_path / "standin", tmp_path / "serve"
    with (
        running(standin, environment(), tmp_path, outputs[0]) as nasa,
        running([*ASTROPIKS, "serve"], env, tmp_path, outputs[1]) as service,
    ):
        wait_for(nasa_port, nasa, outputs[0])
        wait_for(port, service, outputs[1])
        url = f"http://127.0.0.1:{port}"
        assert httpx.head(f"{url}{PICTURE}", headers=token()).status_code == 200
        peaks = [peak_kilobytes(service.pid)]
        for _ in range(3):
            assert len(read(url)[0]) == 40 * MEGABYTE
            peaks.append(peak_kilobytes(service.pid))
        assert peaks[1] - peaks[0] < 16_000
        assert peaks[3] - peaks[1] < 16_000
