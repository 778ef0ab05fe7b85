"""The machine on which something is measured, and who may use which of its cores."""

import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

Cores = frozenset[int]


@cache
def all_cores() -> Cores:
    """Give the cores that this process might use at first."""
    return frozenset(os.sched_getaffinity(0))


def server_core() -> Cores:
    """Give the one for whoever is measured."""
    return frozenset({min(all_cores())})


def load_core() -> Cores:
    """Give the one for whoever asks: another, if there is more than one."""
    return frozenset({max(all_cores())})


@contextmanager
def pinned(to: Cores) -> Iterator[None]:
    """Keep this process to some cores meanwhile; what it starts stays with them."""
    before = os.sched_getaffinity(0) & all_cores()
    os.sched_setaffinity(0, to)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def resident_megabytes(process: int) -> float:
    """Give how much memory a process has (VmRSS)."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return int(_value(status, "VmRSS").split()[0]) * 1024 / 1e6


def processor_seconds(group: int) -> float:
    """Give what the processes of a group have used of processors so far."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has just ended
            fields = path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[2]) == group:
                ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def description() -> dict[str, str]:
    """Say what it is, what of ours is on it, and which day it is."""
    return {
        "cpu": _value(Path("/proc/cpuinfo").read_text(encoding="utf-8"), "model name"),
        "cores": str(len(all_cores())),
        "python": platform.python_version(),
        "uvicorn": version("uvicorn"),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def _value(text: str, name: str) -> str:
    """Give what stands behind a name and a colon."""
    lines = (line.partition(":") for line in text.splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "unknown")
