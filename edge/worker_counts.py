"""What several workers have counted, as one: each keeps what it holds in a file of one folder.

A file is replaced as a whole, once a second if something has changed, and before its worker shows
anything: so no sum that was shown is ever less the next time. A worker that is killed has lost a
second's counts at most. What dead workers have counted stays; what they told of themselves does
not.
"""

import asyncio
import json
import os
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path

from edge import logs
from edge.instruments import Family, Gauge, Instrument, Labels
from edge.metrics import INSTRUMENTS

FOLDER = "ASTROPIKS_WORKERS_FOLDER"
"""The variable by which workers are told of the folder. Set by `serve`, never by people."""

WRITE_SECONDS = 1.0

Held = dict[str, dict[Labels, Sequence[float]]]
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
            held = json.dumps({one.name: [*one.numbers().items()] for one in INSTRUMENTS})
            own = self._folder / f"{os.getpid()}.json"
            if held == self._written and own.exists():
                return
            new = own.with_suffix(".new")
            new.write_text(held, encoding="ascii")
            new.replace(own)
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
        workers = [
            (_lives(int(path.stem)), _read(path))
            for path in sorted(self._folder.iterdir())
            if path.suffix == ".json"
        ]
        for instrument in INSTRUMENTS:
            counts = [
                held.get(instrument.name, {})
                for lives, held in workers
                if lives or not isinstance(instrument, Gauge)
            ]
            yield _sum(instrument, counts)


def _sum(instrument: Instrument, workers: list[dict[Labels, Sequence[float]]]) -> Family:
    several: defaultdict[Labels, list[Sequence[float]]] = defaultdict(list)
    for numbers in workers:
        for labels, told in numbers.items():
            several[labels].append(told)
    return instrument.family(
        {labels: instrument.together(told) for labels, told in several.items()}
    )


def _read(path: Path) -> Held:
    return {
        name: {tuple(labels): told for labels, told in numbers}
        for name, numbers in json.loads(path.read_text(encoding="ascii")).items()
    }


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
