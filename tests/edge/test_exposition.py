"""Where metrics are shown: several workers as one, and a port of its own."""

import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from astropiks.server import serving
from standin.app import StandIn
from tests.astropiks.test_serve import URL, production, token
from tests.conftest import NASA_KEY
from tests.processes import ASTROPIKS, free_port, run, running, wait_for


@pytest.fixture(scope="module")
def nasa_url() -> Iterator[str]:
    """Be NASA on a real socket."""
    with serving(StandIn(keys={NASA_KEY})) as url:
        yield url


def shown(port: int, name: str) -> float:
    """Give the sum of what a port shows under *name*."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    return sum(float(one) for one in re.findall(rf"^{name}(?:{{.*}})? (\S+)$", text, re.MULTILINE))


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    for _ in range(1000):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


def test_workers_as_one(nasa_url: str, tmp_path: Path) -> None:
    """Whichever worker has answered, METRICS_PORT shows the sum, and a dead worker's gauges go."""
    port, metrics_port, output = free_port(), free_port(), tmp_path / "output"
    more = {"METRICS_PORT": str(metrics_port), "WEB_CONCURRENCY": "2"}
    env = production(nasa_url, port, **more)
    with running([*ASTROPIKS, "serve"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        until(lambda: shown(metrics_port, "astropiks_workers") == 2)
        headers = {"Approov-Token": token()}
        for _ in range(20):  # each on a connection of its own, so that both get some
            assert httpx.get(f"http://127.0.0.1:{port}{URL}", headers=headers).status_code == 200
        counted = r'astropiks_requests_total\{route="/planetary/apod",status="200"\}'
        until(lambda: shown(metrics_port, counted) == 20)
        os.kill(int(workers_of(process.pid)[0]), signal.SIGKILL)
        until(lambda: output.read_text().count('"event":"started"') == 3)
        assert shown(metrics_port, "astropiks_workers") == 2
        assert shown(metrics_port, counted) == 20


def workers_of(pid: int) -> list[str]:
    """Give the numbers of a process's workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [one for one in children if "spawn_main" in Path(f"/proc/{one}/cmdline").read_text()]


def test_token_shows_all_workers(nasa_url: str, tmp_path: Path) -> None:
    """With METRICS_TOKEN, any worker shows what all have done, and no sum is ever less again."""
    port, output = free_port(), tmp_path / "output"
    env = production(nasa_url, port, METRICS_TOKEN="scrapers-token", WEB_CONCURRENCY="2")
    with running([*ASTROPIKS, "serve"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        for _ in range(10):
            httpx.get(f"http://127.0.0.1:{port}{URL}")
        sums = [0.0]

        def is_complete() -> bool:
            bearer = {"Authorization": "Bearer scrapers-token"}
            text = httpx.get(f"http://127.0.0.1:{port}/metrics", headers=bearer).text
            found = re.search(r'route="/planetary/apod",status="401"} (\S+)', text)
            sums.append(float(found[1]) if found else 0.0)
            return sums[-1] == 10

        until(is_complete)
        assert all(is_complete() for _ in range(5))
        assert sums == sorted(sums)


def test_folder_is_removed(nasa_url: str, tmp_path: Path) -> None:
    """The files that workers count in are gone when the service has ended."""
    port, output, place = free_port(), tmp_path / "output", tmp_path / "place"
    place.mkdir()
    shown_at = free_port()
    more = {"METRICS_PORT": str(shown_at), "WEB_CONCURRENCY": "2", "TMPDIR": str(place)}
    env = production(nasa_url, port, **more)
    with running([*ASTROPIKS, "serve"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        assert httpx.get(f"http://127.0.0.1:{shown_at}/metrics", trust_env=False).is_success
        assert list(place.glob("*/*.json"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(40) == 0
    assert list(place.iterdir()) == []
    assert output.read_text().count('"event":"stopped"') == 2


def test_folder_is_lost(nasa_url: str, tmp_path: Path) -> None:
    """If somebody removes the folder, the service goes on, workers are replaced, and count anew."""
    port, metrics_port, output, place = (
        free_port(),
        free_port(),
        tmp_path / "output",
        tmp_path / "place",
    )
    place.mkdir()
    more = {"METRICS_PORT": str(metrics_port), "WEB_CONCURRENCY": "2", "TMPDIR": str(place)}
    env = production(nasa_url, port, **more)
    with running([*ASTROPIKS, "serve"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        until(lambda: shown(metrics_port, "astropiks_workers") == 2)
        shutil.rmtree(next(place.iterdir()))
        assert httpx.get(f"http://127.0.0.1:{metrics_port}/metrics").status_code in {200, 503}
        os.kill(int(workers_of(process.pid)[0]), signal.SIGKILL)
        until(lambda: output.read_text().count('"event":"started"') == 3)
        until(lambda: shown(metrics_port, "astropiks_workers") == 2)
        assert httpx.get(f"http://127.0.0.1:{port}{URL}").status_code == 401


def test_one_worker(nasa_url: str, tmp_path: Path) -> None:
    """A single process shows what it does at METRICS_PORT, with what Python tells of itself."""
    port, metrics_port, output = free_port(), free_port(), tmp_path / "output"
    others = {"PROMETHEUS_MULTIPROC_DIR": "/nowhere"}  # of another program: it is nothing to us
    env = production(nasa_url, port, METRICS_PORT=str(metrics_port), **others)
    with running([*ASTROPIKS, "serve"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        assert shown(metrics_port, "astropiks_workers") == 1
        assert shown(metrics_port, "process_open_fds") > 5
        assert httpx.get(f"http://127.0.0.1:{port}/metrics").status_code == 401


def test_taken_port(nasa_url: str, tmp_path: Path) -> None:
    """A port that another program has is told by the variable's name, and nothing is served."""
    taken = nasa_url.rpartition(":")[2]
    env = production(nasa_url, free_port(), METRICS_PORT=taken, HOST="127.0.0.1")
    ended = run([*ASTROPIKS, "serve"], env, tmp_path)
    assert ended.returncode == 1
    assert "Set METRICS_PORT to one that is free" in ended.stderr


def test_no_place(nasa_url: str, tmp_path: Path) -> None:
    """Workers that have nowhere to count together are not started."""
    env = production(nasa_url, free_port(), METRICS_TOKEN="scrapers-token", WEB_CONCURRENCY="2")
    program = """
import sys, tempfile
from astropiks.cli import main
tempfile._get_default_tempdir = lambda: "/nowhere"
sys.argv = ["astropiks", "serve"]
main()
"""
    ended = run([ASTROPIKS[0], "-c", program], env, tmp_path)
    assert ended.returncode == 1
    assert "Let TMPDIR name one" in ended.stderr
