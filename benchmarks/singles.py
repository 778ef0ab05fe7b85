"""What is measured by single requests: cold dates, starts, and what the whole archive takes."""

import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from benchmarks import machine, tokens
from benchmarks.client import Connection
from benchmarks.contestants import NASA_KEY, Arena, headers
from benchmarks.load import WrongAnswerError
from benchmarks.processes import Process
from proxy.freshness import PERMANENT_GAPS, latest_published
from proxy.records import FIRST_DAY

APOD = "/planetary/apod"

FIRST_COLD_DAY = date(2000, 1, 1)
COLD_DAYS = 40
"""In each round. NASA's hourly limit is enough for five rounds of them, each asked for twice."""

RANGE_DAYS = 366


class ColdDays:
    """Days that nobody has asked for, never the same twice."""

    def __init__(self) -> None:
        self._next = FIRST_COLD_DAY

    def milliseconds(self, service: Process, nasa: Process) -> float:
        """Give what *service* takes for a day that it does not hold, beyond NASA's own time.

        Of each, half of the requests were faster. The same days are asked for at *nasa* itself,
        and both connections are kept alive.
        """
        through, direct = [], []
        to_nasa, to_service = {"X-Api-Key": NASA_KEY}, headers(tokens.development())
        with Connection(service.port) as app, Connection(nasa.port) as calls:
            for path in self._paths():
                direct.append(_milliseconds(calls, path, to_nasa))
                through.append(_milliseconds(app, path, to_service))
        # The first of each has opened connections, here and behind the service.
        return statistics.median(through[1:]) - statistics.median(direct[1:])

    def _paths(self) -> Iterator[str]:
        for _ in range(COLD_DAYS + 1):
            yield f"{APOD}?date={self._next}"
            self._next += timedelta(days=1)


def start_seconds(nasa: Process, folder: Path) -> float:
    """Give how long a service takes from its start until it has answered an attested request."""
    with ExitStack() as stack:
        arena = Arena(stack, folder)
        began = time.perf_counter()
        arena.service(nasa)
        return time.perf_counter() - began


def memory_megabytes(folder: Path) -> float:
    """Give what a service takes that holds the archive, each day asked for plain and with gzip."""
    with ExitStack() as stack:
        arena = Arena(stack, folder)
        service = arena.service(arena.nasa())  # whose hourly limit is then its own
        plain = headers(tokens.development())
        days = _archive()
        with Connection(service.port) as app:
            for number in range(0, len(days), RANGE_DAYS):
                window = days[number : number + RANGE_DAYS]
                _demand(app, f"{APOD}?start_date={window[0]}&end_date={window[-1]}", plain)
            for day in days:
                if day not in PERMANENT_GAPS:
                    _demand(app, f"{APOD}?date={day}", plain)
                    _demand(app, f"{APOD}?date={day}", {**plain, "Accept-Encoding": "gzip"})
        return machine.resident_megabytes(service.number)


def _archive() -> list[date]:
    """Give every day up to the newest picture."""
    count = (latest_published(time.time()) - FIRST_DAY).days + 1
    return [FIRST_DAY + timedelta(days=number) for number in range(count)]


def _milliseconds(connection: Connection, path: str, sent: dict[str, str]) -> float:
    began = time.perf_counter()
    _demand(connection, path, sent)
    return (time.perf_counter() - began) * 1000


def _demand(connection: Connection, path: str, sent: dict[str, str]) -> None:
    """Ask.

    Raises:
        WrongAnswerError: the answer is not 200.
    """
    reply = connection.get(path, sent)
    if reply.status != 200:
        raise WrongAnswerError(f"{path}: {reply.status} {reply.body[:200]!r}")
