import json
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks import fleet
from benchmarks.figures import Figures, figures, processes_for
from benchmarks.fleet_plot import QUOTA_AN_HOUR, draw
from benchmarks.service import Plan, simulate
from tests.processes import ROOT

DOCUMENT = (ROOT / "docs" / "capacity.md").read_text()
KEPT = json.loads((ROOT / "docs" / "capacity.json").read_text())
BY_SIZE = [Figures(**one) for one in KEPT["by_size"]]
BY_PROCESSES = [Figures(**one) for one in KEPT["by_processes"]]


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
