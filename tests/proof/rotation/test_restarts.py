"""What is a variable, by rolling restarts: once each, and `tests/machines` has more of these."""

import asyncio
import base64
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from astropiks.mint import mint
from tests.conftest import NASA_KEY, SECRET
from tests.machines.conftest import APOD, DEFAULTS, Machine, Platform
from tests.machines.router import Router
from tests.processes import ASTROPIKS, environment, run
from tests.proof.record import IS_WHOLE
from tests.proof.rotation.drill import ANSWERS, OLD_DAY, SECRETS, Row, is_unauthorised
from tests.redis_server import RedisServer

pytestmark = pytest.mark.skipif(
    not IS_WHOLE, reason="whole only: tests/machines shows that restarts cost nothing"
)

URL = f"{APOD}?date={OLD_DAY}"

CLIENTS = 8

MACHINES = 2

SEEN_SECONDS = 0.5
"""Until a router has seen that a machine is ready."""

WARM_DAYS = 3


class Fleet:
    """Machines behind a router, before which clients ask all the time."""

    def __init__(self, platform: Platform, **settings: str) -> None:
        self._platform = platform
        self.machines = [self._start(settings) for _ in range(MACHINES)]
        self.router = Router([one.url for one in self.machines], token_of(SECRET))

    def _start(self, settings: Mapping[str, str]) -> Machine:
        return self._platform.start(None, RATE_LIMIT_REJECTED="off", **settings)

    async def restart(self, **settings: str) -> None:
        """Replace each machine by one with other *settings*, one after the other."""
        for old in list(self.machines):
            self.machines.append(await asyncio.to_thread(self._start, settings))
            self.router.urls = [one.url for one in self.machines]
            await asyncio.sleep(SEEN_SECONDS)
            old.process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(old.process.wait, 30) == 0
            self.machines.remove(old)
            self.router.urls = [one.url for one in self.machines]

    async def answers(self, path: str, **headers: str) -> list[httpx.Response]:
        """Ask each machine."""
        async with httpx.AsyncClient(headers=headers, trust_env=False) as client:
            return [await client.get(machine.url + path) for machine in self.machines]

    def tell(self, row: Row, what: str, old: str) -> None:
        """Tell what came of it: no request has failed."""
        router = self.router
        assert (router.failed, router.unsent) == ([], 0)
        assert router.answered > ANSWERS
        row(what, 1, router.answered, router.failed, old)


def token_of(secret: bytes) -> dict[str, str]:
    """Give what an app sends."""
    return {"Approov-Token": mint(secret, now=time.time())}


async def test_approov_secret(platform: Platform, row: Row) -> None:
    """Approov's secret takes two restarts: with both, then with the new one."""
    texts = [base64.b64encode(one).decode() for one in SECRETS]
    fleet = Fleet(platform, APPROOV_BASE64_SECRET=texts[0])
    async with fleet.router.load(URL, CLIENTS):
        await fleet.restart(APPROOV_BASE64_SECRET=f"{texts[1]},{texts[0]}")
        fleet.router.headers = token_of(SECRETS[1])
        await fleet.restart(APPROOV_BASE64_SECRET=texts[1])
    answers = await fleet.answers(APOD, **token_of(SECRETS[0]))
    assert all(map(is_unauthorised, answers))
    gone = "with the last process that has it"
    fleet.tell(row, "Approov's secret, by rolling restarts", gone)


async def test_metrics_token(platform: Platform, row: Row) -> None:
    """`METRICS_TOKEN` takes one, of which apps see nothing; the scraper changes its own then."""
    old, new = "old-token-of-the-scraper", "new-token-of-the-scraper"
    fleet = Fleet(platform, METRICS_TOKEN=old)
    async with fleet.router.load(URL, CLIENTS):
        assert {one.status_code for one in await fleet.answers("/metrics", **bearer(old))} == {200}
        await fleet.restart(METRICS_TOKEN=new)
    assert {one.status_code for one in await fleet.answers("/metrics", **bearer(new))} == {200}
    assert all(map(is_unauthorised, await fleet.answers("/metrics", **bearer(old))))
    gone = "with the last process that has it"
    fleet.tell(row, "METRICS_TOKEN, by rolling restarts", gone)


def bearer(token: str) -> dict[str, str]:
    """Give what a scraper sends."""
    return {"Authorization": f"Bearer {token}"}


async def test_redis(platform: Platform, tmp_path: Path, row: Row) -> None:
    """`REDIS_URL` takes one, after `warm`: then nobody has anything to do with the old Redis."""
    folder = tmp_path / "next"
    folder.mkdir()
    with RedisServer(folder) as following:
        fleet = Fleet(platform)
        async with fleet.router.load(URL, CLIENTS):
            warmed = await asyncio.to_thread(warm, platform, following.url, tmp_path)
            assert warmed == 0
            former, platform.redis = platform.redis, following
            await fleet.restart()
            clients = former.client.client_list()
            former.stop()
            await asyncio.sleep(SEEN_SECONDS)
        assert len(clients) == 1  # this one, which asks
        assert following.client.dbsize() > WARM_DAYS
        gone = "no longer used after the last process that has it"
        fleet.tell(row, "REDIS_URL, by rolling restarts", gone)


def warm(platform: Platform, url: str, folder: Path) -> int:
    """Fill a Redis, as docs/deploy.md says."""
    env = environment(
        NASA_API_KEY=NASA_KEY,
        NASA_API_BASE_URL=platform.nasa.url,
        NASA_SCIENCE_BASE_URL=platform.nasa.url,
        **{**DEFAULTS, "REDIS_URL": url},
    )
    return run([*ASTROPIKS, "warm", "--days", str(WARM_DAYS)], env, folder).returncode
