"""`astropiks serve` as deployed, with all its routes, and NASA's stand-in behind it."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from astropiks.mint import mint
from astropiks.server import serving
from standin.app import StandIn
from tests.astropiks.test_serve import production
from tests.conftest import EVERYTHING, NASA_KEY, SECRET
from tests.processes import ASTROPIKS, free_port, running, wait_for
from tests.proof.attacks.http_cases import WARM
from tests.proof.attacks.wire import connected, parsed

LINES_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running process.

    Attributes:
        port: where it listens.
        pid: its number.
        output: where its log goes.
        nasa: which it asks.
        token: of a genuine app.
    """

    port: int
    pid: int
    output: Path
    nasa: StandIn
    token: str

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def requests(self, since: int) -> list[tuple[str, int]]:
        """Give route and status of all that has been served, from a place in its log on."""
        marker = uuid.uuid4().hex
        head = f"GET /livez HTTP/1.1\r\nHost: proxy.test\r\nX-Request-ID: {marker}\r\n"
        with connected(self.port) as connection:
            connection.send(f"{head}Connection: close\r\n\r\n".encode())
            assert parsed(connection.read_to_end())[0].status == 200
        deadline = time.monotonic() + LINES_SECONDS
        while marker not in (text := self.output.read_text()[since:]):
            assert time.monotonic() < deadline, "the log stands still"
            time.sleep(0.005)
        lines = [json.loads(line) for line in text.splitlines() if line.endswith("}")]
        return [
            (line["route"], line["status"])
            for line in lines
            if line["event"] == "request" and line["request_id"] != marker
        ]


@contextmanager
def served(folder: Path, **variables: str) -> Iterator[Served]:
    """Start it, with one day's record held."""
    nasa, port, output = StandIn(keys={NASA_KEY}), free_port(), folder / "output"
    everything = {name.upper(): str(value) for name, value in EVERYTHING.items()}
    limits = {"RATE_LIMIT_DEVICE": "off", "RATE_LIMIT_REJECTED": "off"}
    token = mint(SECRET, now=time.time())
    with serving(nasa) as nasa_url:
        env = production(nasa_url, port, **{**everything, **limits, **variables})
        with running([*ASTROPIKS, "serve"], env, folder, output) as process:
            wait_for(port, process, output)
            service = Served(port, process.pid, output, nasa, token)
            for _ in range(3):
                headers = {"Approov-Token": token}
                answer = httpx.get(f"{service.url}{WARM}", headers=headers, trust_env=False)
                assert answer.status_code == 200, answer.text
            service.requests(0)
            yield service
