"""What the doctor finds at the addresses to listen on."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from astropiks.apps import create_app
from astropiks.doctor.finding import Level
from astropiks.doctor.listening import listening
from astropiks.doctor.surroundings import Surroundings
from astropiks.server import serving
from tests.conftest import make_settings
from tests.processes import free_port

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
