"""What the doctor finds at the addresses to listen on."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn

from astropiks import server
from astropiks.apps import create_app
from astropiks.doctor.finding import Level
from astropiks.doctor.listening import listening
from astropiks.doctor.surroundings import Surroundings
from astropiks.server import serving
from tests.conftest import SECRET, make_settings
from tests.processes import ASTROPIKS, END_SECONDS, environment, free_port, running, wait_for

HERE = Surroundings(environ={})


def found(here: Surroundings = HERE, **settings: object) -> list[tuple[Level, str]]:
    """Give levels and subjects."""
    free = {"host": "127.0.0.1", "port": free_port()}
    settings = {**free, **settings}
    return [(one.level, one.subject) for one in listening(make_settings(**settings), here)]


@pytest.fixture
def taken() -> Iterator[int]:
    """Be another program at a port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_free() -> None:
    """An address that can be had is nothing to tell."""
    assert found(metrics_port=free_port()) == []


def test_our_own() -> None:
    """A service that runs already is what has the port, if it answers as one."""
    with serving(create_app(make_settings())) as url:
        port = int(url.rpartition(":")[2])
        assert found(port=port) == [(Level.OK, "PORT")]


@contextmanager
def running_service(folder: Path) -> Iterator[tuple[int, int]]:
    """Be a service as `serve` starts it, and give its two ports."""
    port, metrics_port, output = free_port(), free_port(), folder / "output"
    env = environment(
        HOST="127.0.0.1",
        PORT=str(port),
        METRICS_PORT=str(metrics_port),
        APPROOV_BASE64_SECRET=base64.b64encode(SECRET).decode(),
        SERVICES="secrets",
    )
    with running([*ASTROPIKS, "serve"], env, folder, output) as process:
        wait_for(port, process, output)
        yield port, metrics_port


def test_beside_our_own(tmp_path: Path) -> None:
    """Beside a running service both of its ports are its own; METRICS_PORT of another is taken."""
    with running_service(tmp_path) as (port, metrics_port):
        assert found(port=port, metrics_port=metrics_port) == [
            (Level.OK, "PORT"),
            (Level.OK, "METRICS_PORT"),
        ]
        assert found(metrics_port=metrics_port) == [(Level.FAILED, "METRICS_PORT")]
        assert found(port=metrics_port) == [(Level.FAILED, "PORT")]


def test_every_address_of_version_6(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service at every IPv6 address, which may be at no other, is asked at one of these."""
    monkeypatch.setattr("astropiks.doctor.listening.ASK_SECONDS", END_SECONDS)
    try:
        server.listen("::1", 0).close()
    except server.ListenError:
        pytest.skip("NO IPv6 HERE: doctor is not tried with HOST=::")
    config = uvicorn.Config(create_app(make_settings()), **server.OPTIONS)
    service = uvicorn.Server(config)
    with server.listen("::", 0) as listener:
        thread = threading.Thread(target=service.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            port = listener.getsockname()[1]
            assert found(host="::", port=port) == [(Level.OK, "PORT")]
        finally:
            service.should_exit = True
            thread.join()


def test_another_program(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port of another program means that nothing would start."""
    monkeypatch.setattr("astropiks.doctor.listening.ASK_SECONDS", 0.1)
    assert found(port=taken) == [(Level.FAILED, "PORT")]
    assert found(metrics_port=taken) == [(Level.FAILED, "METRICS_PORT")]


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.1", "x" * 70])
def test_no_address_of_this_machine(host: str) -> None:
    """So does an address that is none, or another machine's."""
    assert found(host=host) == [(Level.FAILED, "PORT")]
    assert found(metrics_port=free_port(), metrics_host=host) == [(Level.FAILED, "METRICS_PORT")]


def test_of_another_machine(taken: int, tmp_path: Path) -> None:
    """What another machine has is not looked for here."""
    assert found(Surroundings(environ={}, env_file=tmp_path / "env"), port=taken) == []
