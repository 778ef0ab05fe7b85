"""Several workers' counts in one folder. Real processes: `test_exposition`."""

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
from edge.worker_counts import WorkerCounts

DEAD = 2**22 + 1
"""No process has such a number: it is above the most that Linux gives."""


def shown(counts: WorkerCounts) -> str:
    """Give what Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(counts)
    return generate_latest(registry).decode()


def as_if_of(pid: int, folder: Path) -> None:
    """Let a copy of this process's file be another's."""
    own = folder / f"{os.getpid()}.json"
    (folder / f"{pid}.json").write_text(own.read_text())


def requests_in(text: str) -> float:
    """Give the count of the tests' own route."""
    (line,) = [one for one in text.splitlines() if 'requests_total{route="/of-this-test"' in one]
    return float(line.split()[-1])


@pytest.mark.parametrize(
    ("pid", "workers"),
    [(os.getppid(), 2), (DEAD, 1), pytest.param(1, 1, id="another user's")],
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


def test_unchanged(tmp_path: Path) -> None:
    """What has not changed is not written again."""
    counts = WorkerCounts(tmp_path)
    counts.write()
    own = tmp_path / f"{os.getpid()}.json"
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
        held = (Path(sys.argv[1]) / f"{os.getpid()}.json").read_text()
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        for _ in range(10):
            metrics.count_request("/of-this-test", 200, 0.1)
            await asyncio.sleep(0.02)
        assert (Path(sys.argv[1]) / f"{os.getpid()}.json").read_text() == held
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
    assert "/of-this-test" in (Path(sys.argv[1]) / f"{os.getpid()}.json").read_text()

asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="NO LIMIT FOR FILES HERE")
def test_no_room(tmp_path: Path) -> None:
    """Where a file cannot be written, the worker says so once, goes on, and has lost nothing."""
    command = [sys.executable, "-c", FULL, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(one["event"], one["level"]) for one in lines] == [("metrics_not_kept", "error")]


def test_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever shows or keeps a process's counts does so in turn: none fails, no sum is less."""
    monkeypatch.setenv(worker_counts.FOLDER, str(tmp_path))
    failures: list[Exception] = []

    def scrape() -> None:
        sums = [0.0]
        try:
            for _ in range(30):
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
