"""A process that meets everything that is counted, and a real Prometheus that watches it."""

import math
import time
from pathlib import Path
from typing import Any

import httpx
import yaml

from standin.app import StandIn
from standin.faults import Fault
from tests.documents.blocks import fenced
from tests.documents.incidents import ask, token, until
from tests.documents.queries import Json
from tests.machines.conftest import APOD, Machine
from tests.redis_server import RedisServer

METRICS_TOKEN = "metrics-token"


class Deployment:
    """A process with everything switched on, and all that can happen to it."""

    def __init__(self, machine: Machine, metrics_port: int, standin: StandIn, folder: Path) -> None:
        self.machine = machine
        self.metrics_port = metrics_port
        self._standin = standin
        self._folder = folder
        self._days = iter(range(1, 30))
        self._seen = {"secrets_file_replaced": 1}  # at start

    def shown(self) -> str:
        """Give what it shows to Prometheus."""
        return httpx.get(f"http://127.0.0.1:{self.metrics_port}/metrics", trust_env=False).text

    def live(self, redis: RedisServer) -> None:
        """Meet good and bad: hits, misses, refusals, limits, a full Redis, changed files."""
        machine, number = self.machine, next(self._days)
        phone = token(device=f"phone {number}")
        for _ in range(2):
            ask(machine, f"{APOD}?date=2021-10-{number:02}", phone)
        self._standin.faults["legacy"] = Fault("503")
        ask(machine, f"{APOD}?date=2021-09-{number:02}", phone)
        self._standin.faults.clear()
        ask(machine, "/neo/rest/v1/feed", phone)
        for _ in range(8):
            ask(machine, APOD, token(device="one that asks all the time"))
            ask(machine, APOD, "")
            ask(machine, APOD, "no token")
        other = token(device=f"other phone {number}")
        for name in ("maps-key", "guessed"):
            ask(machine, f"/secrets/{name}", other)
        redis.client.config_set("maxmemory", "1")
        assert ask(machine, "/secrets/maps-key", other).status_code == 503
        redis.client.config_set("maxmemory", "0")
        self._change_files()

    def _change_files(self) -> None:
        """Spoil both files, each time in another way, and mend the one."""
        secrets, now = self._folder / "secrets.toml", time.time()
        good = secrets.read_text()
        (self._folder / "keys.json").write_text(f"{{{now}")
        secrets.write_text(f"[{now}")
        for event in ("keyset_kept", "secrets_file_kept"):
            self._wait_for_one_more(event)
        secrets.write_text(f"{good}# {now}")
        self._wait_for_one_more("secrets_file_replaced")

    def _wait_for_one_more(self, event: str) -> None:
        self._seen[event] = self._seen.get(event, 0) + 1
        until(lambda: len(self.machine.events(event)) >= self._seen[event])


class Prometheus:
    """A real one."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, path: str, **params: str) -> Any:  # noqa: ANN401
        """Ask its API; it has to be content with the question."""
        answer = httpx.get(f"{self._url}/api/v1/{path}", params=params, trust_env=False).json()
        assert answer["status"] == "success", answer
        return answer["data"]

    def values(self, expr: str) -> list[float]:
        """Give the values of a query's answer, but for those that are no numbers."""
        found = self.get("query", query=expr)["result"]
        values = [float(one["value"][1]) for one in found]
        return [value for value in values if not math.isnan(value)]

    def wait_until_scraped(self) -> None:
        """Wait until it has scraped all its targets anew."""
        now = time.time()
        until(lambda: sorted(self.values(f"timestamp(up) > {now}"))[1:] != [])


def is_ready(url: str) -> bool:
    """Tell whether a Prometheus can be asked."""
    try:
        return httpx.get(f"{url}/-/ready", trust_env=False).status_code == 200
    except httpx.ConnectError:
        return False


def configuration(deployment: Deployment, folder: Path) -> Json:
    """Give what the document shows, in haste, and with this machine in the place of its own."""
    (folder / "token").write_text(METRICS_TOKEN)
    private, public = map(yaml.safe_load, fenced("yaml"))
    (one,), (other,) = private["scrape_configs"], public["scrape_configs"]
    one["static_configs"] = [{"targets": [f"127.0.0.1:{deployment.metrics_port}"]}]
    other["static_configs"] = [{"targets": [deployment.machine.url.removeprefix("http://")]}]
    other["scheme"] = "http"
    other["authorization"]["credentials_file"] = "token"
    return {
        "global": {"scrape_interval": "200ms", "evaluation_interval": "200ms"},
        **private,
        "scrape_configs": [one, other],
    }
