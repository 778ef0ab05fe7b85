"""Counting, and what Prometheus reads of it."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric

from edge import metrics
from edge.instruments import Counter, Gauge, Histogram, Instrument


class One:
    """A collector of one metric."""

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument

    def collect(self) -> list[Metric]:
        """Give it."""
        return [self._instrument.family(self._instrument.numbers())]


def shown(instrument: Instrument) -> list[str]:
    """Give the lines that Prometheus reads."""
    registry = CollectorRegistry()
    registry.register(One(instrument))
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def test_counter() -> None:
    """A counter counts by its labels, and shows 0 where something known has not happened."""
    counter = Counter("cows", "Cows.", "colour", known=[("white",)])
    counter.count("brown")
    counter.count("brown")
    counter.add(5, "black")
    assert shown(counter) == [
        'cows_total{colour="white"} 0.0',
        'cows_total{colour="brown"} 2.0',
        'cows_total{colour="black"} 5.0',
    ]


def test_histogram() -> None:
    """A value belongs to the first bucket whose bound it does not pass, and to all above it."""
    histogram = Histogram("seconds", "Seconds.", "route", bounds=(0.5, 1))
    for value in (0.25, 0.5, 0.75, 8):
        histogram.observe(value, "/")
    assert shown(histogram) == [
        'seconds_bucket{le="0.5",route="/"} 2.0',
        'seconds_bucket{le="1.0",route="/"} 3.0',
        'seconds_bucket{le="+Inf",route="/"} 4.0',
        'seconds_count{route="/"} 4.0',
        'seconds_sum{route="/"} 9.5',
    ]


def test_gauge() -> None:
    """A gauge shows what was told last."""
    gauge = Gauge("level", "Level.")
    gauge.show(3)
    gauge.show(2)
    assert shown(gauge) == ["level 2.0"]


@pytest.mark.parametrize("instrument", [Counter("a", "A."), Histogram("b", "B.", bounds=(1,))])
def test_sums(instrument: Instrument) -> None:
    """What several workers have counted is added, bucket by bucket."""
    assert instrument.together([(1, 2, 3), (10, 20, 30)]) == [11, 22, 33]


def test_choice() -> None:
    """Of several workers' gauges one rule makes one value; without a rule the newest counts."""
    several = [(5.0, 1.0), (7.0, 0.5), (6.0, 2.0)]
    assert Gauge("a", "A.", choose=max).together(several) == (7.0, 2.0)
    assert Gauge("a", "A.", choose=min).together(several) == (7.0, 0.5)
    assert Gauge("a", "A.", choose=sum).together(several) == (7.0, 3.5)
    assert Gauge("a", "A.").together(several) == (7.0, 0.5)


def test_all_are_shown() -> None:
    """No instrument of the service counts in vain."""
    made = [one for one in vars(metrics).values() if isinstance(one, Instrument)]
    assert made == [*metrics.INSTRUMENTS]
