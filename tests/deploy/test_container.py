"""The image, made and run without Docker as the Dockerfile says."""

import os
import signal
import subprocess
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from astropiks.server import serving
from standin.app import StandIn
from tests.astropiks.test_serve import URL, production, token
from tests.conftest import NASA_KEY
from tests.deploy.dockerfile import Stage, health_command
from tests.deploy.image import Root, build, missing
from tests.processes import free_port, running, wait_for

LACK = missing()
pytestmark = pytest.mark.skipif(LACK is not None, reason=f"THE IMAGE WAS NOT TRIED: {LACK}")

LONG = pytest.mark.skipif(
    not os.environ.get("PLATFORM_CHECK"), reason="installs packages: see `make platform-check`"
)


@pytest.fixture(
    scope="module", params=["copied", pytest.param("installed", marks=LONG)], name="image"
)
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Root, Stage]:
    """Make the image: with this environment's packages, or wholly as the Dockerfile says."""
    packages = Path(sysconfig.get_path("purelib")) if request.param == "copied" else None
    return build(tmp_path_factory.mktemp("image"), installed=packages)


@pytest.fixture
def nasa() -> Iterator[str]:
    """Be NASA on a real socket."""
    with serving(StandIn(keys={NASA_KEY})) as url:
        yield url


def first_process(of: "subprocess.Popen[bytes]") -> int:
    """Give the process that is the first one in its namespace."""
    return int(Path(f"/proc/{of.pid}/task/{of.pid}/children").read_text().split()[0])


@contextmanager
def served(
    image: tuple[Root, Stage], nasa: str, folder: Path, **more: str
) -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Run the image as `docker run --read-only --tmpfs /tmp` does, and give its URL."""
    root, stage = image
    port, output = free_port(), folder / "output"
    config = production(nasa, port, **more)
    config = {
        name: value for name, value in config.items() if not name.startswith(("PATH", "PYTHON"))
    }
    temporary = "WEB_CONCURRENCY" in more  # workers count together in files
    command = root.command(stage.last("CMD").arguments, config, temporary=temporary)
    with running(command, dict(os.environ), folder, output) as process:
        wait_for(port, process, output)
        yield f"http://127.0.0.1:{port}", process


@pytest.mark.parametrize("workers", ["1", "2"])
def test_run(image: tuple[Root, Stage], nasa: str, tmp_path: Path, workers: str) -> None:
    """It serves and refuses as user 10001 on a read-only tree, and ends on SIGTERM as process 1."""
    more = {} if workers == "1" else {"WEB_CONCURRENCY": workers}
    with served(image, nasa, tmp_path, **more) as (url, process):
        assert httpx.get(f"{url}/readyz").text == "ok\n"
        assert httpx.get(url + URL).status_code == 401
        answer = httpx.get(url + URL, headers={"Approov-Token": token()}, timeout=20)
        assert answer.json()["date"] == "2021-10-12"
        first = first_process(process)
        status = Path(f"/proc/{first}/status").read_text()
        assert "Uid:\t10001\t10001\t10001\t10001" in status
        assert "NoNewPrivs:\t1" in status
        os.kill(first, signal.SIGTERM)
        assert process.wait(30) == 0
    assert '"event":"stopped"' in (tmp_path / "output").read_text()


def test_health_check(image: tuple[Root, Stage], nasa: str, tmp_path: Path) -> None:
    """The health check is content with a service that is ready, and with nothing else."""
    root, stage = image
    check = health_command(stage.last("HEALTHCHECK"))
    with served(image, nasa, tmp_path) as (url, _):
        for port, status in ((url.rpartition(":")[2], 0), (str(free_port()), 1)):
            command = root.command(check, {"PORT": port})
            done = subprocess.run(command, check=False, capture_output=True, timeout=30)
            assert done.returncode == status, done.stderr


def test_nothing_is_written(image: tuple[Root, Stage], tmp_path: Path) -> None:
    """The tree that the image is tried on can indeed not be written to, even by root."""
    as_root = replace(image[0], user="0:0")
    for folder in ("/", "/app", "/venv", "/tmp", "/etc"):  # noqa: S108
        command = as_root.command(["/bin/sh", "-c", f"echo > {folder}/x"])
        done = subprocess.run(command, check=False, capture_output=True, timeout=30, cwd=tmp_path)
        assert b"Read-only file system" in done.stderr


@pytest.mark.parametrize("image", [pytest.param("installed", marks=LONG)], indirect=True)
def test_no_build_tools(image: tuple[Root, Stage]) -> None:
    """What builds is not in what runs, and all of it is compiled."""
    root, _ = image
    left = {path.name for path in root.folder.glob("*/lib/python*/site-packages/*")}
    assert "starlette" in left
    assert left & {"pip", "setuptools", "wheel", "uv", "pytest"} == set()
    assert list(root.folder.glob("app/astropiks/__pycache__/server.*.pyc"))
