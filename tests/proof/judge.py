"""Which errors of a load are right: those that NASA's faults explain, for what is not held."""

from collections import Counter
from collections.abc import Sequence
from datetime import date

from tests.proof.pacing import Answer
from tests.proof.weather import Weather

SHARED_SECONDS = 5.0
"""After which every process can have what one of them has."""


class Judge:
    """Takes down what is held, and judges errors by it.

    Attributes:
        explained: errors that NASA's faults explain, by status.
        held_by: since when each process, by its port, has held each day; as Unix time.
        only_elsewhere: errors for what another process held, which NASA's faults explain if Redis
            did not tell of it.
    """

    def __init__(self, weather: Weather) -> None:
        """Judge by the *weather* of NASA."""
        self._weather = weather
        self._held: dict[date, float] = {}
        self.explained: Counter[int] = Counter()
        self.held_by: dict[tuple[int, date], float] = {}
        self.only_elsewhere = 0

    def hold(self, answer: Answer, days: Sequence[date], now: float) -> None:
        """Take down that the answering process has the records of these days."""
        for day in days:
            self._held.setdefault(day, now)
            self.held_by.setdefault((answer.port, day), now)

    def failure(self, answer: Answer, begin: float, end: float, days: Sequence[date]) -> str | None:
        """Say what is wrong with an error: nothing, if NASA explains it and a day was not held."""
        told = f"{answer.status} {answer.body[:200]!r}"
        if all(self.held_by.get((answer.port, day), end) < begin for day in days):
            return f"held, and yet {told}"
        if not self._weather.explains(answer.status, begin, end):
            return f"unexplained: {told}"
        if answer.header(b"content-type") != b"application/problem+json":
            return f"no problem: {told}"
        self.explained[answer.status] += 1
        if all(self._held.get(day, end) < begin - SHARED_SECONDS for day in days):
            self.only_elsewhere += 1
        return None
