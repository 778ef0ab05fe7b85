"""Where the time of a hit goes: the functions in which `astropiks serve` spends most of it.

Run with `make profile`. The profiler slows down what calls much, so look at the shares; for times
there is `make bench`. What uvloop does, such as writing to a socket, counts as its caller's own.
"""

import argparse
import os
import pstats
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks import machine, tokens
from benchmarks.client import Connection
from benchmarks.contestants import PATH, Arena, headers
from benchmarks.peers import profiled
from benchmarks.processes import ROOT

HITS = 20_000
WARM_UP_HITS = 2_000
SHOWN = 20
WRITE_SECONDS = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Profile, print, and give the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--hits", type=int, default=HITS, help="how many to profile")
    options = parser.parse_args(arguments)
    Console(width=120).print(table(profile(options.hits), options.hits))
    return 0


def profile(hits: int) -> pstats.Stats:
    """Let a service answer one request after the other over one connection."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        path = folder / "profile"
        arena = Arena(stack, folder)
        told = {profiled.PROFILE: str(path)}
        service = arena.service(arena.nasa(), told, program=[profiled.__name__])
        stack.enter_context(machine.pinned(machine.load_core()))
        with Connection(service.port) as app:
            sent = headers(tokens.development())
            _ask(app, sent, WARM_UP_HITS)
            os.kill(service.number, profiled.BEGIN)
            _ask(app, sent, hits)
            os.kill(service.number, profiled.END)
        deadline = time.monotonic() + WRITE_SECONDS
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        return pstats.Stats(str(path))


def table(stats: Any, hits: int) -> Table:  # noqa: ANN401  (its types leave out what it holds)
    """Show the functions that take most, by their own time."""
    shown = Table("own time", "µs a hit", "with callees", "calls a hit", "function")
    by_own_time = sorted(stats.stats.items(), key=lambda item: -item[1][2])
    for place, (_, calls, own, cumulative, _) in by_own_time[:SHOWN]:
        shown.add_row(
            f"{own / stats.total_tt:.1%}",
            f"{own / hits * 1e6:.1f}",
            f"{cumulative / hits * 1e6:.1f}",
            f"{calls / hits:.2f}",
            _named(*place),
        )
    return shown


def _named(file: str, line: int, name: str) -> str:
    """Name a function by its place in the project, or in a library."""
    if line == 0:
        return name  # of C
    path = Path(file)
    inside = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    return f"{name} ({'/'.join(inside.parts[-3:])}:{line})"


def _ask(app: Connection, sent: Mapping[str, str], hits: int) -> None:
    for _ in range(hits):
        app.get(PATH, sent)


if __name__ == "__main__":
    sys.exit(main())
