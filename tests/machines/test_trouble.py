"""Redis goes, hangs, forgets or fills up while the service is in use."""

import statistics
import time
from collections.abc import Callable

import httpx
import pytest

from tests.machines.conftest import APOD, Machine, Platform, headers


def timed(machine: Machine, first: int, count: int) -> list[float]:
    """Ask for so many cold dates, and give the seconds that each took."""
    seconds = []
    with httpx.Client(base_url=machine.url, headers=headers(), trust_env=False) as client:
        client.get("/livez")
        for n in range(first, first + count):
            began = time.perf_counter()
            answer = client.get(f"{APOD}?date={2000 + n // 28}-01-{1 + n % 28:02}")
            seconds.append(time.perf_counter() - began)
            assert answer.status_code == 200
    return seconds


def ready(machine: Machine) -> str:
    """Give what the probe says of Redis."""
    return "away" if "redis" in machine.get("/readyz").text else "up"


def until(machine: Machine, state: str) -> None:
    """Wait until the probe says so."""
    for _ in range(500):
        if ready(machine) == state:
            return
        time.sleep(0.01)
    raise AssertionError(f"Redis is not {state}")


@pytest.mark.parametrize("trouble", ["stopped", "frozen", "full"])
def test_trouble(platform: Platform, trouble: str, figure: Callable[[str], None]) -> None:
    """Requests go on, with less than 0.1 s of delay; Redis is used again when it is well."""
    redis = platform.redis
    machine = platform.start()
    usual = statistics.median(timed(machine, 0, 20))
    match trouble:
        case "stopped":
            redis.stop()
        case "frozen":
            redis.freeze()
        case "full":
            redis.client.config_set("maxmemory", "1")
    troubled = timed(machine, 20, 40)
    if trouble != "full":
        assert ready(machine) == "away"
    match trouble:
        case "stopped":
            redis.start()
        case "frozen":
            redis.thaw()
        case "full":
            redis.client.config_set("maxmemory", "0")
    until(machine, "up")
    timed(machine, 60, 1)
    figure(
        f"Redis {trouble}: cold requests take {usual * 1000:.1f} ms as a rule, then at most "
        f"{max(troubled) * 1000:.1f} ms (median {statistics.median(troubled) * 1000:.1f} ms)"
    )
    assert max(troubled) - usual < 0.1
    assert redis.client.exists("astropiks:1:apod:2002-01-05")
    assert len(machine.events("redis_failed")) == 1


def test_empty(platform: Platform) -> None:
    """Redis that comes back empty is filled again by what is asked for."""
    first, second = platform.start(), platform.start()
    dated = f"{APOD}?date=2021-10-12"
    first.get(dated)
    platform.redis.stop()
    for machine in (first, second):
        until(machine, "away")
    platform.redis.start()
    until(first, "up")
    until(second, "up")
    assert "hit" in first.get(dated).headers["Cache-Status"]
    assert "fwd=miss" in second.get(dated).headers["Cache-Status"]
    assert platform.redis.client.exists("astropiks:1:apod:2021-10-12")
