"""Several workers' counts in one folder. Real processes: `test_exposition`."""

import itertools
import json
import os
import resource
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from astropiks.version import version
from edge import exposition, metrics, worker_counts
from edge.instruments import Histogram
from edge.worker_counts import WorkerCounts

DEAD = 2**22 + 1
"""No process has such a number: it is above the most that Linux gives."""


def shown(counts: WorkerCounts) -> str:
    """Give what Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(counts)
    return generate_latest(registry).decode()


def own_file(folder: Path) -> Path:
    """Give this process's file."""
    return folder / f"{os.getpid()}-{worker_counts.BORN}.json"


def as_if_of(pid: int, folder: Path) -> Path:
    """Let a copy of this process's file be another's."""
    other = folder / f"{pid}-7.json"
    half = other.with_suffix(".half")
    half.write_text(own_file(folder).read_text())
    return half.replace(other)


def requests_in(text: str) -> float:
    """Give the count of the tests' own route."""
    (line,) = [one for one in text.splitlines() if 'requests_total{route="/of-this-test"' in one]
    return float(line.split()[-1])


@pytest.mark.parametrize(
    ("pid", "workers"),
    [
        (os.getppid(), 2),
        (DEAD, 1),
        pytest.param(1, 1, id="another user's"),
        pytest.param(os.getpid(), 1, id="one whose number this one has now"),
    ],
)
def test_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pid: int, workers: int) -> None:
    """Counts of every worker are added, also of dead ones; gauges are those of living ones."""
    kill = os.kill

    def guarded(number: int, signal: int) -> None:
        if number == 1:
            raise PermissionError
        kill(number, signal)

    monkeypatch.setattr(os, "kill", guarded)
    counts = WorkerCounts(tmp_path)
    metrics.show_process(version())
    metrics.count_request("/of-this-test", 200, 0.1)
    counts.write()
    before = requests_in(shown(counts))
    as_if_of(pid, tmp_path)
    assert requests_in(shown(counts)) == 2 * before
    assert f"astropiks_workers {float(workers)}" in shown(counts)


def test_one_file_of_the_dead(tmp_path: Path) -> None:
    """What dead workers have counted is in one file, and adds up, however many there are."""
    counts = WorkerCounts(tmp_path)
    metrics.count_request("/of-this-test", 200, 0.1)
    counts.write()
    before = requests_in(shown(counts))
    for number in range(1, 4):
        as_if_of(DEAD + number, tmp_path).with_suffix(".new").write_text("half of")
        for _ in range(2):
            assert requests_in(shown(counts)) == (1 + number) * before
        assert {path.name for path in tmp_path.iterdir()} == {own_file(tmp_path).name, "dead"}


def test_cut_short(tmp_path: Path) -> None:
    """A dead worker does not count twice where its file is left: who added it was killed."""
    counts = WorkerCounts(tmp_path)
    metrics.count_request("/of-this-test", 200, 0.1)
    counts.write()
    before = requests_in(shown(counts))
    for _ in range(2):
        as_if_of(DEAD, tmp_path)
        assert requests_in(shown(counts)) == 2 * before


def test_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While files are put together nobody else adds up: what goes from one to another counts."""
    counts = WorkerCounts(tmp_path)
    metrics.count_request("/of-this-test", 200, 0.1)
    counts.write()
    before = requests_in(shown(counts))
    sums: list[float] = []
    other = threading.Thread(target=lambda: sums.append(requests_in(shown(counts))))
    unlink = Path.unlink

    def unlink_late(path: Path, *, missing_ok: bool = False) -> None:
        if other.ident is None:
            other.start()
            other.join(0.2)
            assert sums == []
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink_late)
    as_if_of(DEAD, tmp_path)
    assert requests_in(shown(counts)) == 2 * before
    other.join()
    assert sums == [2 * before]


def test_no_last_digit() -> None:
    """In whichever order numbers are added, no sum is less by its last digit."""
    durations = Histogram("x", "", bounds=())
    one, two, three = ([0, 0.1], [0, 0.2], [0, 0.3])
    assert 0.1 + (0.2 + 0.3) < (0.1 + 0.2) + 0.3
    first = durations.together([durations.together([one, two]), three])
    assert first == durations.together([one, durations.together([two, three])])


def test_unchanged(tmp_path: Path) -> None:
    """What has not changed is not written again."""
    counts = WorkerCounts(tmp_path)
    counts.write()
    own = own_file(tmp_path)
    written = own.stat().st_ino
    counts.write()
    assert own.stat().st_ino == written
    metrics.count_request("/of-this-test", 200, 0.1)
    counts.write()
    assert own.stat().st_ino != written


def test_lost_folder(tmp_path: Path) -> None:
    """A folder that is gone is an error for whoever asks, until the worker has made it anew."""
    folder = tmp_path / "folder"
    counts = WorkerCounts(folder)
    with pytest.raises(FileNotFoundError):
        counts.write()
    with pytest.raises(FileNotFoundError):
        shown(counts)
    counts.write_anew()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert "astropiks_requests_total" in shown(counts)


FULL = """
import asyncio, os, resource, sys
from pathlib import Path
from edge import logs, metrics, worker_counts

async def main():
    os.environ[worker_counts.FOLDER] = sys.argv[1]
    worker_counts.WRITE_SECONDS = 0.01
    logs.configure("json", "info")
    async with worker_counts.kept():
        await asyncio.sleep(0.2)
        (own,) = Path(sys.argv[1]).glob("*.json")
        held = own.read_text()
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        for _ in range(10):
            metrics.count_request("/of-this-test", 200, 0.1)
            await asyncio.sleep(0.02)
        assert own.read_text() == held
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert "/of-this-test" in own.read_text()

asyncio.run(main())
"""


limited = pytest.mark.skipif(
    not hasattr(resource, "RLIMIT_FSIZE"), reason="NO LIMIT FOR FILES HERE"
)


@limited
def test_no_room_for_the_dead(tmp_path: Path) -> None:
    """Where the one file cannot be written, dead workers' own stay, and count."""
    counts = WorkerCounts(tmp_path)
    metrics.count_request("/of-this-test", 200, 0.1)
    counts.write()
    before = requests_in(shown(counts))
    other = as_if_of(DEAD, tmp_path)
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, usual[1]))
    try:
        assert requests_in(shown(counts)) == 2 * before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert other.exists()
    assert requests_in(shown(counts)) == 2 * before


@limited
def test_no_room(tmp_path: Path) -> None:
    """Where a file cannot be written, the worker says so once, goes on, and has lost nothing."""
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(one["event"], one["level"]) for one in lines] == [("metrics_not_kept", "error")]


def test_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever shows or keeps counts does so in turn: none fails, no sum is less."""
    monkeypatch.setenv(worker_counts.FOLDER, str(tmp_path))
    metrics.count_request("/of-this-test", 200, 0.1)
    WorkerCounts(tmp_path).write()
    dead = itertools.count(DEAD)
    failures: list[Exception] = []

    def scrape() -> None:
        sums = [0.0]
        try:
            for _ in range(30):
                as_if_of(next(dead), tmp_path)
                metrics.count_request("/of-this-test", 200, 0.1)
                sums.append(requests_in(exposition.exposition().decode()))
            assert sums == sorted(sums)
        except Exception as error:  # noqa: BLE001  (told below)
            failures.append(error)

    threads = [threading.Thread(target=scrape) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
