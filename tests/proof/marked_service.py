"""A service of marks in this very process, on a real socket."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from astropiks.apps import create_app
from astropiks.server import serving
from edge.environment import load
from edge.settings import Settings
from proxy.sources import breaker
from standin.app import StandIn
from tests.proof import marked
from tests.proof.marked import App
from tests.redis_server import RedisServer

ONE_REQUEST_EACH = httpx.Limits(max_keepalive_connections=0)
"""For a connection: what has broken may close it."""


@dataclass(slots=True)
class Service:
    """It, and an app.

    Attributes:
        client: speaks to it.
        signs: whether the app signs its requests.
        app: asks.
    """

    client: httpx.Client
    signs: bool
    app: App
    _day: date = date(2001, 1, 1)

    def target(self, pattern: str) -> str:
        """Give path and query, with a day that nobody has asked for where *pattern* has one."""
        self._day += timedelta(days=1)
        return pattern.format(day=self._day.isoformat())

    def ask(self, target: str, *, has_token: bool = True) -> httpx.Response | None:
        """Ask as the app does; None, if the answer breaks off."""
        headers = self.app.headers(target, is_sealed=target == "/secrets/sealed")
        if not has_token:
            del headers["Approov-Token"]
        try:
            return self.client.get(target, headers=headers)
        except httpx.RemoteProtocolError:
            return None

    def wait_for_redis(self) -> None:
        """Wait until Redis can be used, if there is one."""
        while b"redis" in self.client.get("/readyz").content:
            time.sleep(0.02)

    def metrics(self) -> httpx.Response:
        """Ask for what has been counted. What came before has its line in the log by then."""
        headers = {"Authorization": f"Bearer {marked.METRICS_TOKEN}"}
        return self.client.get("/metrics", headers=headers)


@contextmanager
def served(folder: Path, redis: RedisServer | None = None) -> Iterator[Service]:
    """Serve, by itself or with a *redis* and signed requests; sources are never set aside."""
    stand_in = StandIn(keys={marked.KEY}, hourly_limit=1_000_000)
    with serving(stand_in) as nasa_url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(breaker, "FAILURES_TO_OPEN", 1_000_000)
        env = marked.variables(nasa_url, folder)
        env |= {"APOD_WARM_DAYS": "0", "RUNTIME_SECRETS_HOLD_SECONDS": "0"}
        if redis:
            protect(redis)
            env |= {"REDIS_URL": marked.redis_url(redis.url)}
            env |= {"APPROOV_MESSAGE_SIGNING": "if-present"}
        for name, value in env.items():
            patch.setenv(name, value)
        with (
            serving(create_app(load(Settings))) as url,
            httpx.Client(base_url=url, timeout=20, limits=ONE_REQUEST_EACH) as client,
        ):
            signs = redis is not None
            yield Service(client, signs, App(signs=signs))


def protect(redis: RedisServer) -> None:
    """Give a Redis its marked password."""
    redis.client.config_set("requirepass", marked.REDIS_PASSWORD)
    redis.client.auth(marked.REDIS_PASSWORD)
