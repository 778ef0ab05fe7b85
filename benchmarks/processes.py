"""Processes that are measured: each on a port of its own, and ended whatever happens."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.client import Connection, Reply
from benchmarks.machine import Cores, pinned

ROOT = Path(__file__).resolve().parents[1]

PYTHON = (sys.executable, "-m")

START_SECONDS = 30
PAUSE_SECONDS = 0.002

SEARCHED = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin"])
"""Debian's place for servers is not on everybody's PATH."""


class NotStartedError(Exception):
    """A process ended, or did not answer in time; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Process:
    """One that runs.

    Attributes:
        number: by which the system knows it.
        port: of loopback, where it listens.
    """

    number: int
    port: int


@dataclass(frozen=True, slots=True)
class Command:
    """How to start one.

    Attributes:
        arguments: of its command line, program first.
        environment: all that it finds there, but for PATH.
        cores: those that it may use.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    cores: Cores


def program(name: str) -> str | None:
    """Find an installed program."""
    return shutil.which(name, path=SEARCHED)


def free_port() -> int:
    """Give a port that nobody has just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    command: Command, port: int, path: str, headers: Mapping[str, str], folder: Path
) -> Iterator[Process]:
    """Run a command that listens on *port*, from when it answers 200 to a first request.

    Raises:
        NotStartedError: it does not.
    """
    with started(command, port, folder) as process:
        _wait(process, path, headers, folder)
        yield process


@contextmanager
def started(command: Command, port: int, folder: Path) -> Iterator[Process]:
    """Run a command that is to listen on *port*, and wait for nothing."""
    output = folder / f"output-{port}"
    with output.open("wb") as file, pinned(command.cores):
        process = subprocess.Popen(  # noqa: S603  (a command of ours)
            command.arguments,
            env={"PATH": SEARCHED, "PYTHONPATH": str(ROOT), **command.environment},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Process(process.pid, port)
    finally:
        # Its workers too. It has not been waited for, so nobody else can have its number.
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: Process, path: str, headers: Mapping[str, str], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    reply: Reply | None = None
    while not _has_ended(process.number) and time.monotonic() < deadline:
        try:
            with Connection(process.port) as connection:
                reply = connection.get(path, headers)
        except OSError:
            time.sleep(PAUSE_SECONDS)
            continue
        if reply.status == 200:
            return
        break
    said = (folder / f"output-{process.port}").read_text(errors="replace")[-2000:]
    answered = f"answered {reply.status}" if reply else "did not answer"
    raise NotStartedError(f"what was started on port {process.port} {answered}:\n{said}")


def _has_ended(number: int) -> bool:
    """Tell whether a process has ended, and leave it to be waited for."""
    options = os.WEXITED | os.WNOHANG | os.WNOWAIT
    return os.waitid(os.P_PID, number, options) is not None
