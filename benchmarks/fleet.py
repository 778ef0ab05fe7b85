"""What phones of all time zones cost, from a thousand openings of the app a day to 100 million.

Run with `make fleet`; `docs/capacity.md` explains it. Exits 1 if NASA's calls grow with the fleet,
or go beyond what its key allows.
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import fleet_plot
from benchmarks.figures import Figures, figures, processes_for
from benchmarks.service import Plan

OPENINGS = (1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000)

PROCESSES = (1, 2, 4, 8)
COMPARED_OPENINGS = 1_000_000
"""The fleet that is served by so many processes, to see what they cost NASA."""

CAPACITY = 3200
"""Requests a second that one process answered with Redis, as `docs/capacity.md` tells."""

WARM_UP = 30
"""Days before those that count: as long as old records live."""

MAX_GROWTH = 1.5
"""How many times the calls of a fleet a hundredth as large the largest may make."""

HEADINGS = (
    "openings/day", "requests/day", "peak requests/s", "processes", "NASA calls/day",
    "busiest hour", "without Redis", "Redis operations/day", "peak operations/s",
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print, write, and give the exit status."""
    options = _parser().parse_args(arguments)
    plan = Plan(openings=0, processes=1, seed=options.seed, warm_up=options.warm_up)
    if options.quick:
        plan = Plan(openings=0, processes=1, seed=options.seed, warm_up=2, days=2)
    fleets = OPENINGS[:4] if options.quick else OPENINGS
    compared = () if options.quick else PROCESSES
    planned = [(count, processes_for(count, options.capacity)) for count in fleets]
    wanted = [*planned, *((COMPARED_OPENINGS, count) for count in compared)]
    results = run(plan, wanted)
    by_size = [results[one] for one in planned]
    by_processes = [results[COMPARED_OPENINGS, count] for count in compared]
    _print(by_size, by_processes)
    if options.output:
        _write(options.output, by_size, by_processes)
    return int(not is_well(by_size))


def run(like: Plan, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Figures]:
    """Give the figures for each number of openings and processes; the longest is begun first."""
    order = sorted(set(wanted), key=lambda one: -one[1])
    with ProcessPoolExecutor() as pool:
        return dict(zip(order, pool.map(partial(_figures, like), order), strict=True))


def is_well(by_size: Sequence[Figures]) -> bool:
    """Tell whether NASA's calls stay within the quota, and do not grow at the end."""
    is_within = all(one.busiest_hour <= fleet_plot.QUOTA_AN_HOUR for one in by_size)
    return is_within and by_size[-1].calls <= MAX_GROWTH * by_size[-3].calls


def cells(one: Figures) -> tuple[str, ...]:
    """Give a row of the table."""
    numbers = (
        one.openings, one.requests, one.peak_requests, one.processes, one.calls,
        one.busiest_hour, one.calls_alone, one.redis_operations, one.redis_peak,
    )  # fmt: skip
    return tuple(f"{number:,}" for number in numbers)


def with_tables(document: str, by_size: Sequence[Figures], by_processes: Sequence[Figures]) -> str:
    """Give *document* with the rows of its two tables, which have our headings, made anew."""
    tables = iter((by_size, by_processes))

    def renewed(found: re.Match[str]) -> str:
        rows = "".join(f"| {' | '.join(cells(one))} |\n" for one in next(tables))
        return found[1] + rows

    headings = re.escape(f"| {' | '.join(HEADINGS)} |\n")
    table = re.compile(rf"^({headings}\|[-:|]+\|\n)(?:\|.*\n)*", re.MULTILINE)
    return table.sub(renewed, document)


def _figures(like: Plan, wanted: tuple[int, int]) -> Figures:
    openings, processes = wanted
    plan = Plan(
        openings=openings,
        processes=processes,
        warm_up=like.warm_up,
        days=like.days,
        seed=like.seed,
    )
    return figures(plan)


def _print(by_size: Sequence[Figures], by_processes: Sequence[Figures]) -> None:
    console = Console(width=150)
    for title, rows in (("fleets", by_size), ("processes", by_processes)):
        if rows:
            table = Table(*HEADINGS, title=title)
            for one in rows:
                table.add_row(*cells(one))
            console.print(table)
    quota = fleet_plot.QUOTA_AN_HOUR
    console.print(f"NASA allows a key {quota:,} calls an hour, {24 * quota:,} a day.")


def _write(folder: Path, by_size: Sequence[Figures], by_processes: Sequence[Figures]) -> None:
    """Keep the figures, put them into the document's tables, and draw them."""
    document = folder / "capacity.md"
    if document.exists():
        document.write_text(with_tables(document.read_text(), by_size, by_processes))
    kept = {"by_size": [*map(asdict, by_size)], "by_processes": [*map(asdict, by_processes)]}
    (folder / "capacity.json").write_text(json.dumps(kept, indent=1) + "\n")
    fleet_plot.draw(by_size, by_processes, folder / "capacity.svg")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--capacity", type=float, default=CAPACITY, help="requests/s of a process")
    parser.add_argument("--warm-up", type=int, default=WARM_UP, help="days that do not count")
    parser.add_argument("--seed", type=int, default=1, help="of everything drawn")
    parser.add_argument("--quick", action="store_true", help="four small fleets for two days")
    parser.add_argument("--output", type=Path, help="folder of capacity.md, .json and .svg")
    return parser


if __name__ == "__main__":
    sys.exit(main())
