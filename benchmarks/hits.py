"""What a hit costs, against the least that could be done and against what others do.

Run with `make bench`; `docs/performance.md` explains it. Exits 1 if a target is missed. What wants
`wrk` or HAProxy is left out where they are not installed.
"""

import argparse
import signal
import sys
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import NoReturn

from rich.console import Console
from rich.table import Table

from benchmarks import machine, report
from benchmarks.contestants import Arena
from benchmarks.processes import program
from benchmarks.report import Report
from benchmarks.singles import ColdDays, memory_megabytes, start_seconds
from benchmarks.targets import HEADINGS, Figures, is_well, left_out, verdicts
from benchmarks.trials import LineUp, Trials

ROUNDS = 5
SECONDS = 3

PROGRAMS = ("wrk", "haproxy")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, write, and give the exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    rounds, seconds = (1, 1) if options.quick else (ROUNDS, SECONDS)
    about = machine.description()
    console = Console()
    figures = measure(rounds, seconds, console)
    _print(figures, console)
    if options.output:
        told = Report(machine=about, seconds=seconds, rounds=rounds, figures=figures)
        report.write(told, options.output)
    return int(not is_well(figures))


def measure(rounds: int, seconds: int, console: Console) -> Figures:
    """Take all figures that can be taken here."""
    figures: dict[str, list[float]] = defaultdict(list)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        arena = Arena(stack, folder)
        console.print("memory")
        figures["memory_mb"].append(memory_megabytes(folder))
        line_up = LineUp.started(arena)
        stack.enter_context(machine.pinned(machine.load_core()))
        trials = Trials(line_up=line_up, folder=folder, seconds=seconds)
        cold_days = ColdDays()
        for number in range(1, rounds + 1):
            console.print(f"round {number} of {rounds}")
            taken = trials.round() if program("wrk") else {}
            taken["cold_ms"] = cold_days.milliseconds(line_up.service, line_up.nasa)
            taken["start_s"] = start_seconds(line_up.nasa, folder)
            for name, value in taken.items():
                figures[name].append(value)
    return dict(figures)


def _print(figures: Figures, console: Console) -> None:
    table = Table(*HEADINGS)
    for one in verdicts(figures):
        color = "red" if one.is_met is False else None
        table.add_row(*one.cells, style=color)
    console.print(table)
    missing = [name for name in PROGRAMS if not program(name)]
    if missing:
        console.print(f"Not installed: {', '.join(missing)}. So these are left out:")
    for row in left_out(figures):
        console.print(f"- {row.title}")


def _end(_: int, __: FrameType | None) -> NoReturn:
    """End what has been started, too; once."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one round of short loads")
    parser.add_argument("--output", type=Path, help="folder of performance.md, .json and .svg")
    return parser


if __name__ == "__main__":
    sys.exit(main())
