"""How far something is: a bar in a terminal, two lines anywhere else. On stderr."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def progress(total: int, things: str) -> Iterator[Callable[[int], None]]:
    """Show how many of *total* *things* are done, as is told by calls of what this gives."""
    console = Console(stderr=True)
    show = _bar if console.is_terminal else _lines
    with show(console, total, things) as advance:
        yield advance


@contextmanager
def _bar(console: Console, total: int, things: str) -> Iterator[Callable[[int], None]]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console) as bar:
        task = bar.add_task(things, total=total)
        yield lambda count: bar.advance(task, count)


@contextmanager
def _lines(_: Console, total: int, things: str) -> Iterator[Callable[[int], None]]:
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count

    print(f"0/{total} {things}: begun", file=sys.stderr, flush=True)  # noqa: T201
    try:
        yield advance
    finally:
        ended = "done" if done == total else "ended"
        print(f"{done}/{total} {things}: {ended}", file=sys.stderr, flush=True)  # noqa: T201
