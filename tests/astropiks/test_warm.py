import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from astropiks.server import serving
from standin.app import StandIn
from standin.calendar import latest_published, utc_today
from standin.faults import Fault
from tests.conftest import NASA_KEY, SECRET
from tests.processes import ASTROPIKS, environment, free_port, run
from tests.redis_server import RedisServer


@pytest.fixture
def served() -> Iterator[tuple[StandIn, str]]:
    """Be NASA behind a real socket."""
    nasa = StandIn(keys={NASA_KEY})
    with serving(nasa) as url:
        yield nasa, url


def env(url: str, **more: str) -> dict[str, str]:
    """Give a production environment."""
    secret = base64.b64encode(SECRET).decode()
    urls = {"NASA_API_BASE_URL": url, "NASA_SCIENCE_BASE_URL": url}
    return environment(NASA_API_KEY=NASA_KEY, APPROOV_BASE64_SECRET=secret, **urls, **more)


@pytest.mark.parametrize(
    ("sources", "days", "calls"),
    [
        ("legacy", 31, 1),
        ("legacy", 62, 2),
        ("legacy", 63, 3),
        ("science", 62, 3),
        ("legacy,science", 62, 3),
    ],
)
def test_calls(
    tmp_path: Path, served: tuple[StandIn, str], sources: str, days: int, calls: int
) -> None:
    """So many days cost a call a month, or a page of 25, and a bar shows how far it is."""
    nasa, url = served
    ended = run([*ASTROPIKS, "warm", "--days", str(days)], env(url, APOD_SOURCES=sources), tmp_path)
    late = (utc_today(nasa.clock()) - latest_published(nasa.clock())).days
    assert ended.returncode == 0, ended.stderr
    said = ended.stdout.splitlines()[-1]
    assert said == f"NASA has pictures for {days - late} of the last {days} days."
    assert f"{days}/{days}" in ended.stderr
    assert len(nasa.requests) == calls


def test_failure(tmp_path: Path, served: tuple[StandIn, str]) -> None:
    """When NASA fails, it says so and after how much, and exits with 1."""
    nasa, url = served
    nasa.faults.update(legacy=Fault.PLACEHOLDER, science=Fault.HTML)
    ended = run([*ASTROPIKS, "warm", "--days", "40"], env(url), tmp_path)
    assert ended.returncode == 1
    assert "NASA failed" in ended.stderr
    assert "when 0 days were there" in ended.stderr
    assert "Traceback" not in ended.stderr + ended.stdout


def test_no_proxy(tmp_path: Path) -> None:
    """Where the proxy is not served there is nothing to warm."""
    ended = run([*ASTROPIKS, "warm"], env("http://127.0.0.1:9", SERVICES="secrets"), tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "SERVICES" in ended.stderr


def test_bad_configuration(tmp_path: Path) -> None:
    """Without a configuration it names what is missing, and exits with 2."""
    ended = run([*ASTROPIKS, "warm"], environment(), tmp_path)
    assert ended.returncode == 2
    assert "NASA_API_KEY is missing" in ended.stderr


def test_into_redis(tmp_path: Path, served: tuple[StandIn, str], redis: RedisServer) -> None:
    """With Redis the records lie there afterwards, and a second run asks NASA nothing."""
    nasa, url = served
    for _ in range(2):
        command = [*ASTROPIKS, "warm", "--days", "40"]
        ended = run(command, env(url, REDIS_URL=redis.url, APOD_SOURCES="legacy"), tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert "Redis has pictures for" in ended.stdout
    assert len(nasa.requests) == 2
    assert len(redis.client.keys("astropiks:1:apod:*")) == 40


def test_full_redis(tmp_path: Path, served: tuple[StandIn, str], redis: RedisServer) -> None:
    """What Redis has no place for is not said to be there: it says what to do, and exits with 1."""
    _, url = served
    redis.client.config_set("maxmemory", "1")
    ended = run([*ASTROPIKS, "warm", "--days", "40"], env(url, REDIS_URL=redis.url), tmp_path)
    assert (ended.returncode, "has pictures" in ended.stdout) == (1, False)
    said = " ".join(ended.stderr.split())
    assert re.search(
        r"Redis holds 0 of the (39|40) pictures that came\. See whether it is full", said
    )
    assert redis.client.keys("astropiks:1:apod:*") == []


def test_partly_kept(tmp_path: Path, served: tuple[StandIn, str], redis: RedisServer) -> None:
    """What Redis evicts to make room for the rest is counted, and not what has come."""
    _, url = served
    room = int(redis.client.info("memory")["used_memory"]) + 1_500_000
    redis.client.config_set("maxmemory", room)
    redis.client.config_set("maxmemory-policy", "allkeys-lru")
    ended = run([*ASTROPIKS, "warm", "--days", "1500"], env(url, REDIS_URL=redis.url), tmp_path)
    said = re.search(r"Redis holds (\d+) of the (\d+) pictures", " ".join(ended.stderr.split()))
    assert ended.returncode == 1
    assert said
    assert 0 < int(said[1]) < int(said[2])


def test_help(tmp_path: Path) -> None:
    """The help says what becomes of the records."""
    told = run([*ASTROPIKS, "warm", "--help"], environment(), tmp_path).stdout
    assert "With REDIS_URL they are kept in Redis" in " ".join(told.split())


def test_redis_away(tmp_path: Path, served: tuple[StandIn, str]) -> None:
    """Without the Redis that it should fill it does not begin."""
    nasa, url = served
    away = f"redis://:marker@127.0.0.1:{free_port()}"
    ended = run([*ASTROPIKS, "warm"], env(url, REDIS_URL=away), tmp_path)
    assert ended.returncode == 1
    assert "Redis cannot be used" in ended.stderr
    assert "marker" not in ended.stdout + ended.stderr
    assert nasa.requests == []
