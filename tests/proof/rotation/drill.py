"""What every drill of a rotation needs."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

import httpx

from tests.conftest import NASA_KEY, SECRET
from tests.machines.conftest import APOD, Machine
from tests.proof import truth
from tests.proof.record import scaled
from tests.proof.rotation.crowd import Wish

ROTATIONS = scaled(1, 5)

WORKERS = scaled(1, 2)

ANSWERS = scaled(50, 200)
"""After each step, before the next."""

UNLIMITED = {
    "WEB_CONCURRENCY": str(WORKERS),
    "RATE_LIMIT_DEVICE": "off",
    "RATE_LIMIT_REJECTED": "off",
    "APOD_SOURCES": "legacy",
}

SECRETS = [SECRET, SECRET[::-1]]
NASA_KEYS = [NASA_KEY, "next-nasa-key-of-the-tests"]

OLD_DAY = date(2021, 10, 12)

Row = Callable[..., None]


def put(path: Path, text: str) -> None:
    """Put a file in place of another at once, as docs/deploy.md says."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(path)


async def told(machine: Machine, event: str, times: int) -> None:
    """Wait for a line of each process in the log."""
    for _ in range(500):
        if len(machine.events(event)) >= times * WORKERS:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"there was no {event} of every worker")


def in_turn(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give pairs of old and new, as often as is rotated."""
    return pairwise(given[n % len(given)] for n in range(ROTATIONS + 1))


def is_picture(answer: httpx.Response) -> bool:
    """Tell whether an answer is the right one to the request for that one day."""
    return answer.status_code == 200 and answer.content in truth.forms(OLD_DAY)


def is_unauthorised(answer: httpx.Response) -> bool:
    """Tell whether it is a refusal."""
    return answer.status_code == 401


def with_token(token: str) -> Wish:
    """Ask for that day."""
    return f"{APOD}?date={OLD_DAY}", {"Approov-Token": token}


def after(seconds: float) -> str:
    """Tell when what is old was refused."""
    return f"after {seconds:.2f} s at most"
