import base64
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from astropiks.server import serving
from standin.app import StandIn
from standin.calendar import latest_published, utc_today
from standin.faults import Fault
from tests.conftest import NASA_KEY, SECRET
from tests.processes import ASTROPIKS, END_SECONDS, environment, free_port, run, running
from tests.redis_server import RedisServer
from tests.terminals import in_terminal


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
    """So many days cost a call a month, or a page of 25; a line begins, and one ends it."""
    nasa, url = served
    ended = run([*ASTROPIKS, "warm", "--days", str(days)], env(url, APOD_SOURCES=sources), tmp_path)
    late = (utc_today(nasa.clock()) - latest_published(nasa.clock())).days
    assert ended.returncode == 0, ended.stderr
    said = ended.stdout.splitlines()[-1]
    assert said == (
        f"NASA has pictures for {days - late} of the last {days} days. Nothing of it is kept: set "
        "REDIS_URL for that."
    )
    assert ended.stderr == f"0/{days} days: begun\n{days}/{days} days: done\n"
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


def test_terminal(tmp_path: Path, served: tuple[StandIn, str]) -> None:
    """In a terminal a bar shows how far it is, and no line of the log disturbs it."""
    given = env(served[1], APOD_SOURCES="legacy")
    shown = in_terminal([*ASTROPIKS, "warm", "--days", "62"], given, tmp_path)
    assert "\x1b[" in shown
    assert "62/62" in shown
    assert "nasa_call" not in shown


@contextmanager
def begun(
    nasa: StandIn, variables: dict[str, str], folder: Path
) -> Iterator["subprocess.Popen[bytes]"]:
    """Fetch the whole archive, and give the process once NASA has been asked some times."""
    nasa.conditions.latency_seconds = 0.05
    command = [*ASTROPIKS, "warm", "--days", "12000"]
    with running(command, variables, folder, folder / "output") as process:
        while len(nasa.requests) < 4 and process.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        yield process


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped(
    tmp_path: Path,
    served: tuple[StandIn, str],
    redis: RedisServer,
    number: signal.Signals,
    status: int,
) -> None:
    """Ctrl-C and SIGTERM end it at once; it says how much is kept, and exits with 128 and more."""
    nasa, url = served
    with begun(nasa, env(url, REDIS_URL=redis.url, APOD_SOURCES="legacy"), tmp_path) as process:
        process.send_signal(number)
        assert process.wait(END_SECONDS) == status
    said = (tmp_path / "output").read_text()
    kept = re.search(r"^Stopped: pictures for (\d+) of 12000 days are in Redis", said, re.MULTILINE)
    assert kept, said
    records = len(redis.client.keys("astropiks:1:apod:*"))
    assert 60 < int(kept[1]) <= records < 1000
    assert re.search(r"^\d+/12000 days: ended$", said, re.MULTILINE)
    assert "Traceback" not in said


def test_stopped_without_redis(tmp_path: Path, served: tuple[StandIn, str]) -> None:
    """Without Redis it says that nothing is kept."""
    nasa, url = served
    with begun(nasa, env(url, APOD_SOURCES="legacy"), tmp_path) as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(END_SECONDS) == 130
    assert "nothing is kept: without REDIS_URL" in (tmp_path / "output").read_text()


def test_stopped_twice(tmp_path: Path, served: tuple[StandIn, str], redis: RedisServer) -> None:
    """A second Ctrl-C does not wait for Redis to tell what it holds."""
    nasa, url = served
    with begun(nasa, env(url, REDIS_URL=redis.url, APOD_SOURCES="legacy"), tmp_path) as process:
        redis.freeze()
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.5)
        assert "Stopped" not in (tmp_path / "output").read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == 130
        redis.thaw()
    assert "Traceback" not in (tmp_path / "output").read_text()


def test_partly_come(tmp_path: Path, served: tuple[StandIn, str], redis: RedisServer) -> None:
    """Where NASA fails at some days it says for how many there is a picture, and what to do."""
    nasa, url = served
    nasa.conditions.bad_days = {utc_today(nasa.clock()) - timedelta(days=40)}
    given = env(url, REDIS_URL=redis.url, APOD_SOURCES="legacy")
    ended = run([*ASTROPIKS, "warm", "--days", "62"], given, tmp_path)
    assert ended.returncode == 1
    said = re.search(r"NASA failed \((.*)\) when (\d+) days were there\. Run this", ended.stderr)
    assert said, ended.stderr
    assert 29 <= int(said[2]) <= 31
    assert "astropiks doctor --live" in " ".join(ended.stderr.split())
