"""Load on a contestant, by `wrk` with 32 connections that are kept alive."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.client import Reply
from benchmarks.machine import Cores, pinned, processor_seconds
from benchmarks.processes import Process, program

SCRIPT = Path(__file__).with_name("load.lua")

CONNECTIONS = 32
OVERTIME_SECONDS = 60

CHANGING_BYTES = 16
"""By so much an answer may be longer or shorter than another: it tells ages and counts."""


class WrongAnswerError(Exception):
    """Not all of the answers were what they should be: nothing that was measured counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of a load, as `load.lua` tells it.

    Attributes:
        requests: that were answered.
        microseconds: which it took.
        bytes: which were read, also of answers that were not complete at the end.
        refused: answers with a status of 400 or more.
        broken: connections that failed or waited too long.
        p99_microseconds: within which 99 of 100 were answered.
        processor_seconds: that the contestant has used for it.
    """

    requests: int
    microseconds: int
    bytes: int
    refused: int
    broken: int
    p99_microseconds: int
    processor_seconds: float = 0.0

    @property
    def rate_of_a_core(self) -> float:
        """Answers in a second that the contestant has had a core for."""
        return self.requests / self.processor_seconds

    @property
    def rate(self) -> float:
        """Answers in a second."""
        return self.requests / self.microseconds * 1e6

    @property
    def p99_milliseconds(self) -> float:
        """The same in milliseconds."""
        return self.p99_microseconds / 1000


def run(
    contestant: Process,
    path: str,
    headers: Mapping[str, str],
    *,
    seconds: int,
    cores: Cores,
    tokens: Path | None = None,
) -> Run:
    """Ask all the time, with *headers*, or with the tokens of a file in turn besides."""
    wrk = program("wrk")
    if wrk is None:
        raise FileNotFoundError("wrk is not installed")
    fields = [part for pair in headers.items() for part in ("-H", ": ".join(pair))]
    command = [
        *(wrk, "--threads", "1", "--connections", str(CONNECTIONS)),
        *("--duration", f"{seconds}s", "--script", str(SCRIPT), *fields),
        f"http://127.0.0.1:{contestant.port}{path}",
        *("--", *([str(tokens)] if tokens else [])),
    ]
    before = processor_seconds(contestant.number)
    with pinned(cores):
        ended = subprocess.run(  # noqa: S603  (a command of ours)
            command, capture_output=True, text=True, check=True, timeout=seconds + OVERTIME_SECONDS
        )
    used = processor_seconds(contestant.number) - before
    return replace(parse(ended.stdout), processor_seconds=used)


def parse(text: str) -> Run:
    """Read what `load.lua` has printed last."""
    return Run(**json.loads(text.splitlines()[-1]))


def check(run: Run, like: Reply, status: int) -> None:
    """Demand that all answers were *like* one that was looked at, by status and by size.

    Raises:
        WrongAnswerError: they were not.
    """
    refused = run.requests if status >= 400 else 0
    if like.status != status or run.refused != refused or run.broken or not run.requests:
        raise WrongAnswerError(f"not all answers were {status} as it should be: {like}, {run}")
    least = run.requests * (like.size - CHANGING_BYTES)
    most = (run.requests + CONNECTIONS) * (like.size + CHANGING_BYTES)
    if not least <= run.bytes <= most:
        raise WrongAnswerError(f"answers are not all of about {like.size} bytes: {run}")
