"""Whole services: real processes, a real Redis, NASA's stand-in, and clients on real sockets."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from astropiks.mint import mint
from standin.app import SCIENCE_PATH
from tests.astropiks.test_serve import SECRET_TEXT
from tests.conftest import NASA_KEY, SECRET
from tests.processes import ASTROPIKS, environment, free_port, running, wait_for
from tests.redis_server import RedisServer

APOD = "/planetary/apod"

DEFAULTS = {
    "APPROOV_BASE64_SECRET": SECRET_TEXT,
    "APOD_WARM_DAYS": "0",
    "RATE_LIMIT_DEVICE": "999999/minute",
}
"""Settings of a machine, for a test to change."""


@dataclass(frozen=True, slots=True)
class Machine:
    """One process of the service.

    Attributes:
        process: as its platform sees it.
        url: where it listens.
        output: what it has printed.
    """

    process: "subprocess.Popen[bytes]"
    url: str
    output: Path

    def kill(self) -> None:
        """Let it die as by a power failure."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def events(self, name: str) -> list[dict[str, Any]]:
        """Give its log lines of one kind, but one that is being written."""
        whole, _, _ = self.output.read_text().rpartition("\n")
        lines = map(json.loads, whole.splitlines())
        return [line for line in lines if line["event"] == name]

    def wait_for(self, event: str) -> None:
        """Wait until it has logged an event."""
        for _ in range(1000):
            if self.events(event):
                return
            time.sleep(0.01)
        raise AssertionError(f"there was no event {event!r}")

    def get(self, path: str) -> httpx.Response:
        """Ask it as a genuine app."""
        return httpx.get(self.url + path, headers=headers(), timeout=30, trust_env=False)


class Nasa:
    """The stand-in, in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def change(self, **conditions: object) -> None:
        """Change what is the matter with it."""
        httpx.patch(f"{self.url}/standin/conditions", json=conditions).raise_for_status()

    def calls(self) -> int:
        """Tell how often it has been asked for pictures of the day."""
        seen = httpx.get(f"{self.url}/standin/requests").json()
        return sum(one["path"].startswith((APOD, SCIENCE_PATH)) for one in seen)


class Platform:
    """Starts machines that belong together."""

    def __init__(self, stack: ExitStack, folder: Path, redis: RedisServer) -> None:
        self._stack = stack
        self._folder = folder
        self._count = 0
        self.redis = redis
        self.nasa = Nasa(self._stand_in())

    def start(self, output: Path | None = None, **settings: str) -> Machine:
        """Start one and wait until it answers; *output* is where it prints, if not in a file."""
        machine = self.launch(output, **settings)
        wait_for(int(machine.url.rpartition(":")[2]), machine.process, machine.output)
        return machine

    def launch(self, output: Path | None = None, **settings: str) -> Machine:
        """Start one and wait for nothing."""
        port = free_port()
        env = environment(
            PORT=str(port),
            NASA_API_KEY=NASA_KEY,
            NASA_API_BASE_URL=self.nasa.url,
            NASA_SCIENCE_BASE_URL=self.nasa.url,
            REDIS_URL=self.redis.url,
            **{**DEFAULTS, **settings},
        )
        process, output = self._run([*ASTROPIKS, "serve"], env, output)
        return Machine(process, f"http://127.0.0.1:{port}", output)

    def _stand_in(self) -> str:
        port = free_port()
        command = [*ASTROPIKS, "standin", "--port", str(port), "--key", NASA_KEY]
        process, output = self._run(command, environment())
        wait_for(port, process, output)
        return f"http://127.0.0.1:{port}"

    def _run(
        self, command: list[str], env: dict[str, str], output: Path | None = None
    ) -> tuple["subprocess.Popen[bytes]", Path]:
        self._count += 1
        output = output or self._folder / f"output-{self._count}"
        process = self._stack.enter_context(running(command, env, self._folder, output))
        return process, output


@pytest.fixture
def platform(tmp_path: Path, redis: RedisServer) -> Iterator[Platform]:
    """Be a platform with nothing running but Redis and NASA."""
    with ExitStack() as stack:
        yield Platform(stack, tmp_path, redis)


def headers() -> dict[str, str]:
    """Give what a genuine app sends."""
    return {"Approov-Token": mint(SECRET, now=time.time())}
