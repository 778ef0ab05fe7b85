"""What several workers have counted, as one: each keeps what it holds in a file of one folder.

A file is replaced as a whole, once a second if something has changed, and before its worker shows
anything: so no sum that was shown is ever less the next time. A worker that is killed has lost a
second's counts at most. What dead workers have counted stays, in one file of them all; what they
told of themselves does not.
"""

import asyncio
import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from edge import logs
from edge.instruments import Family, Gauge, Instrument, Labels, Numbers
from edge.metrics import INSTRUMENTS

FOLDER = "ASTROPIKS_WORKERS_FOLDER"
"""The variable by which workers are told of the folder. Set by `serve`, never by people."""

WRITE_SECONDS = 1.0

NEW = ".new"
"""Ends the name of a file that is being written."""

BORN = time.monotonic_ns()
"""When this process began, by the clock of all: it may have the number of one that is dead."""

Held = Mapping[str, Numbers]
"""What one worker holds: an instrument's numbers by its name."""


class WorkerCounts:
    """The counts of all workers in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._written = ""

    def write(self) -> None:
        """Write what this worker holds, if it has changed.

        Raises:
            OSError: it could not be written; what was there before stays.
        """
        with self._lock:
            held = json.dumps(_plain({one.name: one.numbers() for one in INSTRUMENTS}))
            own = self._folder / f"{os.getpid()}-{BORN}.json"
            if held == self._written and own.exists():
                return
            _replace(own, held)
            self._written = held

    def write_anew(self) -> None:
        """Write also where somebody has removed the folder: make another.

        Raises:
            OSError: it could not be written.
        """
        try:
            self.write()
        except FileNotFoundError:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            self.write()

    def collect(self) -> Iterator[Family]:
        """Give each instrument with what all workers hold.

        Raises:
            OSError: the folder or a file in it cannot be read.
        """
        with _alone(self._folder):
            files = sorted(self._folder.glob("*.json"), key=_made_by)
            newest = {_made_by(path)[1]: path for path in files}
            living = [path for pid, path in newest.items() if _lives(pid)]
            dead = [path for path in files if path not in living]
            workers = [self._of_dead(dead), *map(_read, living)]
        for instrument in INSTRUMENTS:
            yield instrument.family(_together(instrument, workers))

    def _of_dead(self, files: list[Path]) -> Held:
        """Give what dead workers have counted, and put what is in *files* of theirs into the one.

        That names them, so that none counts twice where this is cut short.
        """
        file = self._folder / "dead"
        names, held = json.loads(file.read_bytes()) if file.exists() else ([], {})
        new = [_read(one) for one in files if one.name not in names]
        together = {
            one.name: _together(one, [_held(held), *new])
            for one in INSTRUMENTS
            if not isinstance(one, Gauge)
        }
        with suppress(OSError):  # no room: all stays as it is until there is some
            if new:
                _replace(file, json.dumps([[one.name for one in files], _plain(together)]))
            for one in files:
                one.with_suffix(NEW).unlink(missing_ok=True)
                one.unlink()
        return together


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Let whoever else wants the same *folder* alone wait, in this process or another."""
    import fcntl  # noqa: PLC0415  (Windows has none, nor several workers)

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _together(instrument: Instrument, workers: Iterable[Held]) -> Numbers:
    several: defaultdict[Labels, list[Sequence[float]]] = defaultdict(list)
    for held in workers:
        for labels, told in held.get(instrument.name, {}).items():
            several[labels].append(told)
    return {labels: instrument.together(told) for labels, told in several.items()}


def _plain(held: Held) -> dict[str, list[Any]]:
    return {name: [*numbers.items()] for name, numbers in held.items()}


def _held(plain: dict[str, list[Any]]) -> Held:
    return {
        name: {tuple(labels): told for labels, told in numbers} for name, numbers in plain.items()
    }


def _read(path: Path) -> Held:
    return _held(json.loads(path.read_bytes()))


def _replace(path: Path, text: str) -> None:
    """Write a file as a whole."""
    new = path.with_suffix(NEW)
    new.write_text(text, encoding="ascii")
    new.replace(path)


def _made_by(path: Path) -> tuple[int, int]:
    """Give when the process of a file began, and its number."""
    pid, _, born = path.stem.partition("-")
    return int(born), int(pid)


def _lives(pid: int) -> bool:
    """Tell whether a process of ours has that number. One of another user's has it anew."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def own_counts() -> WorkerCounts | None:
    """Give the counts that this process shares with other workers, if there are others."""
    folder = os.environ.get(FOLDER)
    return None if folder is None else _counts_in(folder)


@cache
def _counts_in(folder: str) -> WorkerCounts:
    """Give the one object of a process that writes there: whoever writes has to wait for others."""
    return WorkerCounts(Path(folder))


@asynccontextmanager
async def kept() -> AsyncIterator[None]:
    """Keep what this worker counts where the others are, as long as the block lasts."""
    counts = own_counts()
    if counts is None:
        yield
        return
    task = asyncio.create_task(_write_for_ever(counts))
    try:
        yield
    finally:
        task.cancel()
        with suppress(OSError):
            counts.write()


async def _write_for_ever(counts: WorkerCounts) -> None:
    is_well = True
    while True:
        try:
            await asyncio.to_thread(counts.write_anew)
        except (OSError, RuntimeError) as error:  # RuntimeError: no thread can be started
            if is_well:
                logs.log("error", "metrics_not_kept", detail=type(error).__name__)
            is_well = False
        else:
            is_well = True
        await asyncio.sleep(WRITE_SECONDS)
