"""The service that is loaded, as in production; NASA beside it, and what is to be seen of it."""

import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.machine import load_core, pinned, processor_seconds, server_core
from tests.astropiks.test_serve import SECRET_TEXT
from tests.conftest import NASA_KEY
from tests.machines.conftest import Machine
from tests.processes import ASTROPIKS, environment, free_port, running, wait_for
from tests.proof.watch import with_children
from tests.proof.weather import Weather
from tests.redis_server import RedisServer

METRICS_TOKEN = "metrics-token-of-the-load"

LATE = re.compile(r"^astropiks_redis_failures_total\S* (\S+)$", re.MULTILINE)

SECRET = ("maps-key", "value of the maps key", "2026-11")

CATALOG = """
[secrets.maps-key.versions]
current = { name = "2026-11", source = "env:MAPS_KEY" }
"""


@dataclass(frozen=True, slots=True)
class Service:
    """What is loaded.

    Attributes:
        machines: its processes.
        weather: NASA's.
    """

    machines: list[Machine]
    weather: Weather

    @property
    def ports(self) -> list[int]:
        """Where they listen."""
        return [int(one.url.rpartition(":")[2]) for one in self.machines]

    @property
    def processes(self) -> list[int]:
        """Their numbers."""
        return [number for one in self.machines for number in with_children(one.process.pid)]

    def late(self) -> int:
        """Count the operations that Redis did not do, or not in its few milliseconds."""
        headers = {"Authorization": f"Bearer {METRICS_TOKEN}"}
        texts = [
            httpx.get(f"{one.url}/metrics", headers=headers, trust_env=False, timeout=10).text
            for one in self.machines
        ]
        return int(sum(float(number) for text in texts for number in LATE.findall(text)))

    def defects(self) -> int:
        """Count what the log calls a defect; it is too long to be kept."""
        count = 0
        for one in self.machines:
            with one.output.open("rb") as lines:
                count += sum(b'"event":"unexpected"' in line for line in lines)
            one.output.unlink()
        return count

    def processor_seconds(self) -> float:
        """Give what they have used of their core."""
        return sum(processor_seconds(one.process.pid) for one in self.machines)


@contextmanager
def service(folder: Path, number: int, redis: RedisServer | None) -> Iterator[Service]:
    """Start it as in production, on a core of its own; all else is on the other."""
    (folder / "secrets.toml").write_text(CATALOG)
    with ExitStack() as stack:
        nasa_port, output = free_port(), folder / "output-nasa"
        stack.enter_context(pinned(load_core()))
        command = [sys.executable, "-m", "tests.proof.nasa", str(nasa_port)]
        process = stack.enter_context(running(command, environment(), folder, output))
        wait_for(nasa_port, process, output)
        nasa = f"http://127.0.0.1:{nasa_port}"
        machines = []
        for n in range(number):
            port, output = free_port(), folder / f"output-{n}"
            shared = {"REDIS_URL": redis.url} if redis else {}
            env = environment(
                HOST="127.0.0.1",
                PORT=str(port),
                NASA_API_KEY=NASA_KEY,
                NASA_API_BASE_URL=nasa,
                NASA_SCIENCE_BASE_URL=nasa,
                APPROOV_BASE64_SECRET=SECRET_TEXT,
                FORWARDED_ALLOW_IPS="127.0.0.1",
                RUNTIME_SECRETS_FILE=str(folder / "secrets.toml"),
                MAPS_KEY=SECRET[1],
                METRICS_TOKEN=METRICS_TOKEN,
                **shared,
            )
            with pinned(server_core()):
                process = stack.enter_context(running([*ASTROPIKS, "serve"], env, folder, output))
            wait_for(port, process, output)
            machines.append(Machine(process, f"http://127.0.0.1:{port}", output))
        for machine in machines:
            machine.wait_for("warmed")
        yield Service(machines, Weather(nasa))
