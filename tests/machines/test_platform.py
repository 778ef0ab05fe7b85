"""The deployment that a Heroku-style platform makes: long, so only by `make platform-check`."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.astropiks.test_serve import SECRET_TEXT
from tests.conftest import NASA_KEY
from tests.machines.conftest import APOD, Platform, headers
from tests.machines.router import Router
from tests.processes import ROOT, free_port, running, wait_for

pytestmark = pytest.mark.skipif(
    not os.environ.get("PLATFORM_CHECK"), reason="takes minutes and wants an index of packages"
)

CLIENTS = 16
URL = f"{APOD}?date=2021-10-12"


def do(*command: str | Path, cwd: Path) -> None:
    """Run one step of the build."""
    subprocess.run(command, cwd=cwd, check=True, timeout=600, capture_output=True)


def built(folder: Path) -> tuple[Path, Path]:
    """Build as the platform does, and give the clone and the programs of its environment."""
    app, venv = folder / "app", folder / "venv"
    do("git", "clone", "--quiet", ROOT, app, cwd=folder)
    do(sys.executable, "-m", "venv", venv, cwd=folder)
    pip = (venv / "bin" / "pip", "--disable-pip-version-check", "install", "--quiet")
    do(*pip, "--require-hashes", "-r", "requirements.txt", cwd=app)
    return app, venv / "bin"


def smoke(url: str, process: "subprocess.Popen[bytes]", output: Path) -> None:
    """Wait until the service answers, and ask once with a token and once without."""
    wait_for(int(url.rpartition(":")[2]), process, output)
    assert httpx.get(url + URL, headers=headers()).json()["date"] == "2021-10-12"
    assert httpx.get(url + URL).status_code == 401


async def test_deployment(
    platform: Platform, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Config vars and the Procfile are enough; SIGTERM under load costs no request."""
    app, programs = built(tmp_path)
    port, output = free_port(), tmp_path / "web"
    config = {
        "PATH": str(programs),
        "PORT": str(port),
        "WEB_CONCURRENCY": "2",
        "NASA_API_KEY": NASA_KEY,
        "NASA_API_BASE_URL": platform.nasa.url,
        "NASA_SCIENCE_BASE_URL": platform.nasa.url,
        "APPROOV_BASE64_SECRET": SECRET_TEXT,
        "REDIS_URL": platform.redis.url,
        "FORWARDED_ALLOW_IPS": "*",
        "RATE_LIMIT_DEVICE": "999999/minute",
    }
    honcho = [sys.executable, "-m", "honcho", "start", "--port", str(port), "web"]
    url = f"http://127.0.0.1:{port}"
    with running(honcho, config, app, output) as process:
        await asyncio.to_thread(smoke, url, process, output)
        router = Router([url], headers())
        async with router.load(URL, CLIENTS):
            await asyncio.sleep(3)
            process.send_signal(signal.SIGTERM)
            began = time.monotonic()
            await asyncio.to_thread(process.wait, 30)
            seconds = time.monotonic() - began
    figure(
        f"platform check: {router.answered} requests answered, {len(router.failed)} failed, "
        f"SIGTERM under load included; ended {seconds:.1f} s after it"
    )
    assert router.failed == []
    assert router.answered > 50
    assert output.read_text().count('"event":"stopped"') == 2
