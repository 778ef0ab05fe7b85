"""The systemd unit."""

import shlex
import shutil
import signal
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from astropiks import server, stopping
from astropiks.cli.exit import BAD_CONFIGURATION
from astropiks.server import serving
from standin.app import StandIn
from tests.astropiks.test_serve import SECRET_TEXT, URL, token
from tests.conftest import NASA_KEY
from tests.processes import ROOT, environment, free_port, run, running, wait_for

UNIT = ROOT / "deploy" / "astropiks-proxy.service"
PYTHON = "/opt/astropiks/.venv/bin/python"

MOST_EXPOSURE = 20
"""Tenths, as systemd counts: 10.0 is a service that may do everything, 2.0 one that is safe."""

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None,
    reason="THE SYSTEMD UNIT WAS NOT VERIFIED: wants systemd-analyze",
)


def options() -> dict[str, list[str]]:
    """Give what the unit says, by name."""
    found = defaultdict(list)
    for line in UNIT.read_text().splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found[name].append(value)
    return found


@pytest.fixture
def nasa() -> Iterator[str]:
    """Be NASA on a real socket."""
    with serving(StandIn(keys={NASA_KEY})) as url:
        yield url


@needs_systemd
def test_verified(tmp_path: Path) -> None:
    """Systemd knows everything that it says."""
    here = tmp_path / UNIT.name
    text = UNIT.read_text().replace(PYTHON, sys.executable)
    here.write_text(text.replace("file:/opt/astropiks", f"file:{ROOT}"))
    ended = run(["systemd-analyze", "verify", "--man=no", str(here)], environment(), tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")


@needs_systemd
def test_hardened() -> None:
    """Systemd finds it well confined."""
    threshold = f"--threshold={MOST_EXPOSURE}"
    judge = ["systemd-analyze", "security", "--offline=yes", "--no-pager", threshold, str(UNIT)]
    ended = run(judge, environment(), ROOT)
    assert ended.returncode == 0, ended.stdout


def test_end() -> None:
    """It is given time to end, and not started again with a configuration that cannot be used."""
    unit = options()
    assert unit["KillSignal"] == ["SIGTERM"]
    (granted,) = map(int, unit["TimeoutStopSec"])
    assert granted >= stopping.ANNOUNCE_SECONDS + server.SHUTDOWN_SECONDS + 5
    assert unit["RestartPreventExitStatus"] == [str(BAD_CONFIGURATION)]


def test_started_as_it_says(nasa: str, tmp_path: Path) -> None:
    """Its command serves with its variables, and with both secrets handed over as files."""
    unit = options()
    handed = dict(one.split(":") for one in unit["LoadCredential"])
    secrets = {"nasa-api-key": NASA_KEY, "approov-secret": SECRET_TEXT}
    assert handed == {name: f"/etc/astropiks/{name}" for name in secrets}
    for name, value in secrets.items():
        (tmp_path / name).write_text(value + "\n")
    words = shlex.split(" ".join(unit["Environment"]).replace("%d", str(tmp_path)))
    variables = dict(word.split("=", 1) for word in words)
    port, output = free_port(), tmp_path / "output"
    urls = {"NASA_API_BASE_URL": nasa, "NASA_SCIENCE_BASE_URL": nasa}
    env = environment(**{**variables, **urls, "PORT": str(port), "APOD_WARM_DAYS": "0"})
    (command,) = unit["ExecStart"]
    arguments = shlex.split(command.replace(PYTHON, sys.executable))
    with running(arguments, env, tmp_path, output) as process:
        wait_for(port, process, output)
        headers = {"Approov-Token": token()}
        assert httpx.get(f"http://127.0.0.1:{port}{URL}", headers=headers).status_code == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
