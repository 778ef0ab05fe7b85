import asyncio
import json
import math
import random
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest

from benchmarks import fleet, service
from benchmarks.figures import HEARTBEATS, Figures, figures, processes_for
from benchmarks.fleet_plot import QUOTA_AN_HOUR, draw
from benchmarks.service import Plan, simulate
from edge.redis_link import RedisLink
from edge.redis_notices import open_notices
from proxy.freshness import DAY
from proxy.records import FIRST_DAY
from tests.conftest import make_settings
from tests.processes import ROOT
from tests.redis_server import RedisServer

DOCUMENT = (ROOT / "docs" / "capacity.md").read_text()
KEPT = json.loads((ROOT / "docs" / "capacity.json").read_text())
BY_SIZE = [Figures(**one) for one in KEPT["by_size"]]
BY_PROCESSES = [Figures(**one) for one in KEPT["by_processes"]]
WORDS = {2: "two", 8: "eight"}


def short(openings: int, processes: int) -> Plan:
    """Plan a few days."""
    return Plan(openings=openings, processes=processes, warm_up=1, days=2)


def test_calls_do_not_grow() -> None:
    """A hundred times the phones make less than three times the calls, within the quota."""
    small, large = (simulate(short(openings, 3)) for openings in (10_000, 1_000_000))
    assert large.calls.total() < 3 * small.calls.total()
    assert max(large.calls_by_hour.values()) < QUOTA_AN_HOUR


def test_processes_share() -> None:
    """Six processes with Redis ask hardly more often than one; without, several times as often."""
    one, six = (figures(short(100_000, processes)) for processes in (1, 6))
    assert six.calls < 1.2 * one.calls
    assert six.calls_alone > 3 * six.calls


def test_same_seed() -> None:
    """The same seed gives the same figures, another one others."""
    again = Plan(openings=2000, processes=2, warm_up=1, days=1)
    other = Plan(openings=2000, processes=2, warm_up=1, days=1, seed=2)
    assert figures(again) == figures(again) != figures(other)


@pytest.mark.parametrize("kept", BY_SIZE[:2], ids=lambda one: str(one.openings))
def test_kept_figures(kept: Figures) -> None:
    """The figures in the repository are what the code gives now."""
    processes = processes_for(kept.openings, fleet.CAPACITY)
    assert figures(Plan(openings=kept.openings, processes=processes)) == kept


def test_tables() -> None:
    """The document's tables are those figures, and `make fleet` writes them."""
    assert fleet.with_tables(DOCUMENT, BY_SIZE, BY_PROCESSES) == DOCUMENT
    assert fleet.with_tables(DOCUMENT, BY_SIZE[1:], BY_PROCESSES) != DOCUMENT
    assert fleet.with_tables(DOCUMENT, BY_SIZE, BY_PROCESSES[1:]) != DOCUMENT


def numbers() -> Iterator[str]:
    """Give what the document says in words, with the numbers as they are."""
    *_, ten_million, last = BY_SIZE
    most = BY_PROCESSES[-1]
    alone = [one.openings for one in BY_SIZE if one.processes == 1]
    archive = (date(2026, 11, 24) - FIRST_DAY).days
    old_days = len(service.old_days(random.Random()))  # noqa: S311
    yield f"{last.latest_calls} calls a day are for the latest picture ("
    yield f", {last.range_calls} for galleries ("
    yield f", and {last.day_calls} for old pictures ({round(old_days, -3):,} of them"
    yield f"{WORDS[most.processes]} make {WORDS[round(most.calls_alone / most.calls)]} times the"
    yield f"It rises from {ten_million.busiest_hour} to {last.busiest_hour} at the end"
    yield f"of {WORDS[last.processes]} processes the first"
    yield f"sends {WORDS[round(HEARTBEATS / DAY)]} commands a second"
    yield f"Up to {max(alone) // 1_000_000} million openings a day, one process"
    yield f"a Redis that does {rounded_up(ten_million.redis_peak, 100):,} commands a second"
    yield f"{last.openings // 1_000_000} million openings want {WORDS[last.processes]} processes"
    yield f"a Redis that does some {rounded_up(last.redis_peak, 1000):,} commands a second"
    yield f"about {round(archive / 31, -1):.0f} calls of the old API"
    yield f"or {round(archive / 25, -1):.0f} of the new one"


def rounded_up(number: int, unit: int) -> int:
    """Give the next multiple of *unit*."""
    return math.ceil(number / unit) * unit


def test_prose() -> None:
    """The numbers in the document's sentences are those figures, too."""
    text = " ".join(DOCUMENT.split())
    assert [said for said in numbers() if said not in text] == []
    assert max(one.busiest_hour for one in BY_SIZE) == pytest.approx(QUOTA_AN_HOUR / 2, rel=0.1)


async def test_heartbeats(redis: RedisServer) -> None:
    """A process that has nothing to do sends as many commands as are counted for it."""
    settings = make_settings(redis_url=redis.url)
    async with RedisLink(settings).opened() as link, open_notices(settings, link, "idle"):
        await asyncio.sleep(0.5)
        before = commands(redis)
        await asyncio.sleep(3)
        sent = commands(redis) - before
    assert sent == pytest.approx(3 * HEARTBEATS / DAY, abs=1.5)


def commands(redis: RedisServer) -> int:
    """Tell how many commands it has done, these questions left out."""
    counted = redis.client.info("commandstats").items()
    return sum(one["calls"] for name, one in counted if name != "cmdstat_info")


def test_capacity() -> None:
    """The document names the capacity that the processes follow from."""
    assert f"{fleet.CAPACITY:,} requests a second" in DOCUMENT


def test_plot(tmp_path: Path) -> None:
    """The plot shows those figures, and drawing it again does not change it."""
    path = tmp_path / "capacity.svg"
    draw(BY_SIZE, BY_PROCESSES, path)
    assert path.read_bytes() == (ROOT / "docs" / "capacity.svg").read_bytes()


def test_is_well() -> None:
    """Too many calls, for the quota or against a smaller fleet, are told."""
    assert fleet.is_well(BY_SIZE)
    *smaller, last = BY_SIZE
    assert not fleet.is_well([*smaller, Figures(**{**asdict(last), "busiest_hour": 1001})])
    assert not fleet.is_well([*smaller, Figures(**{**asdict(last), "latest_calls": 2000})])
