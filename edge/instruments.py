"""Counters, histograms and gauges that cost a request next to nothing: numbers in dictionaries.

`prometheus_client` shows them, but does not count: its own counters take a lock for each number,
and those of several workers lie in mapped files, where a full disk ends the process.

What an instrument holds can be written down as plain lists (`numbers`), and what several workers
hold becomes one (`together`).
"""

import time
from abc import ABC, abstractmethod
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate

from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.utils import floatToGoString

Family = Metric
"""An instrument with its numbers, as Prometheus reads it."""

Labels = tuple[str, ...]
"""Values of an instrument's labels, in their order."""

Numbers = Mapping[Labels, Sequence[float]]

PARTS = 2**20
"""Of one, that workers' numbers are rounded to: sums of these are exact."""


class Instrument(ABC):
    """One metric.

    Attributes:
        name: as Prometheus knows it, without a suffix.
        text: what it tells.
        labels: names of its labels.
    """

    def __init__(self, name: str, text: str, *labels: str) -> None:
        self.name, self.text, self.labels = name, text, labels

    @abstractmethod
    def numbers(self) -> Numbers:
        """Give what it holds; may be called from another thread than counts."""

    @abstractmethod
    def together(self, several: Iterable[Sequence[float]]) -> Sequence[float]:
        """Make what several workers hold under the same labels into one."""

    @abstractmethod
    def family(self, numbers: Numbers) -> Family:
        """Give *numbers* as Prometheus shows them."""


class Counter(Instrument):
    """How often something has happened."""

    def __init__(self, name: str, text: str, *labels: str, known: Iterable[Labels] = ()) -> None:
        """Begin with 0 for the *known* labels, so that what has not happened is shown too."""
        super().__init__(name, text, *labels)
        self._counts: defaultdict[Labels, float] = defaultdict(float, dict.fromkeys(known, 0))

    def count(self, *labels: str) -> None:
        """Count one."""
        self._counts[labels] += 1

    def add(self, many: float, *labels: str) -> None:
        """Count *many*."""
        self._counts[labels] += many

    def numbers(self) -> Numbers:
        """Give the count."""
        return {labels: (count,) for labels, count in self._counts.copy().items()}

    def together(self, several: Iterable[Sequence[float]]) -> Sequence[float]:
        """Add."""
        return _sums(several)

    def family(self, numbers: Numbers) -> Family:
        """Give a counter."""
        family = CounterMetricFamily(self.name, self.text, labels=self.labels)
        for labels, (count,) in numbers.items():
            family.add_metric(labels, count)
        return family


class Histogram(Instrument):
    """How long something has taken: a count for each bucket and one for the rest, and the sum."""

    def __init__(self, name: str, text: str, *labels: str, bounds: Sequence[float]) -> None:
        """Take the buckets' upper *bounds*, which belong to them, in seconds."""
        super().__init__(name, text, *labels)
        self._bounds = bounds
        self._seen: defaultdict[Labels, list[float]] = defaultdict(
            lambda: [0.0] * (len(bounds) + 2)
        )

    def observe(self, seconds: float, *labels: str) -> None:
        """Take one value."""
        seen = self._seen[labels]
        seen[bisect_left(self._bounds, seconds)] += 1
        seen[-1] += seconds

    def numbers(self) -> Numbers:
        """Give the counts of the buckets, of the rest, and the sum."""
        return {labels: tuple(seen) for labels, seen in self._seen.copy().items()}

    def together(self, several: Iterable[Sequence[float]]) -> Sequence[float]:
        """Add."""
        return _sums(several)

    def family(self, numbers: Numbers) -> Family:
        """Give a histogram, whose buckets count all up to their bounds."""
        family = HistogramMetricFamily(self.name, self.text, labels=self.labels)
        bounds = [*map(floatToGoString, self._bounds), "+Inf"]
        for labels, (*counts, total) in numbers.items():
            family.add_metric(labels, [*zip(bounds, accumulate(counts), strict=True)], total)
        return family


class Gauge(Instrument):
    """How something stands: a value, and when it was told, by the clock of all workers."""

    def __init__(
        self,
        name: str,
        text: str,
        *labels: str,
        choose: Callable[[Iterable[float]], float] | None = None,
    ) -> None:
        """Let *choose* make several workers' values into one; without it the newest counts."""
        super().__init__(name, text, *labels)
        self._choose = choose
        self._told: dict[Labels, tuple[float, float]] = {}

    def show(self, value: float, *labels: str) -> None:
        """Tell how it stands."""
        self._told[labels] = (time.monotonic(), value)

    def numbers(self) -> Numbers:
        """Give when it was told, and the value."""
        return self._told.copy()

    def together(self, several: Iterable[Sequence[float]]) -> Sequence[float]:
        """Choose."""
        told = [(when, value) for when, value in several]
        newest, value = max(told)
        return newest, value if self._choose is None else self._choose(one[1] for one in told)

    def family(self, numbers: Numbers) -> Family:
        """Give a gauge."""
        family = GaugeMetricFamily(self.name, self.text, labels=self.labels)
        for labels, (_, value) in numbers.items():
            family.add_metric(labels, value)
        return family


def _sums(several: Iterable[Sequence[float]]) -> Sequence[float]:
    """Add, to a microsecond, so that no sum is less by a last digit when it is added otherwise."""
    return [
        sum(round(one * PARTS) for one in column) / PARTS for column in zip(*several, strict=True)
    ]
