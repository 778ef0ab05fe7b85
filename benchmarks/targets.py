"""What hits shall cost at most: each row of the table, its target, and whether it is met."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

Figures = Mapping[str, Sequence[float]]
"""What was measured, by name: a value for each round. What could not be measured is absent."""

HEADINGS = ("figure", "measured", "target", "met")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table.

    Attributes:
        title: says what it is.
        figure: the name of what was measured.
        over: the name of what it is divided by, round by round, if by anything.
        least: target, if it should be as much or more.
        most: target, if it should be as much or less.
        digits: after the point.
        unit: of the value.
    """

    title: str
    figure: str
    over: str | None = None
    least: float | None = None
    most: float | None = None
    digits: int = 2
    unit: str = ""

    def values(self, figures: Figures) -> list[float]:
        """Give the value of each round; none, if something was not measured."""
        taken = figures.get(self.figure, ())
        if self.over is None:
            return list(taken)
        base = figures.get(self.over)
        if not taken or not base:
            return []
        return [one / other for one, other in zip(taken, base, strict=True)]

    def is_met(self, value: float) -> bool | None:
        """Tell whether a value is on the right side of the target; None, if there is none."""
        if self.least is not None:
            return value >= self.least
        return None if self.most is None else value <= self.most

    def share(self, value: float) -> float:
        """Give how good a value is: 1 where it just meets the target, more where it is better."""
        if self.most is not None:
            return self.most / max(value, self.most / 1000)
        return value / (self.least or value)

    def shown(self, value: float) -> str:
        """Write a value."""
        return f"{value:,.{self.digits}f}{self.unit}"

    @property
    def target(self) -> str:
        """The target in words."""
        if self.least is not None:
            return f"≥ {self.shown(self.least)}"
        return "" if self.most is None else f"≤ {self.shown(self.most)}"


ROWS = (
    Row(title="attested hits ÷ bare ASGI", figure="hits", over="bare", least=0.80),
    Row(title="attested hits ÷ FastAPI with `jwt.decode`", figure="hits", over="hello", least=7),
    Row(title="attested hits ÷ HAProxy, one thread", figure="hits", over="haproxy", least=0.35),
    Row(title="p99 of hits ÷ p99 of bare ASGI", figure="hits_p99_ms", over="bare_p99_ms", most=1.5),
    Row(title="10,000 devices ÷ one token", figure="devices", over="hits", least=0.75),
    Row(title="first sight of a token ÷ bare ASGI", figure="first_sight", over="bare", least=0.35),
    Row(title="100 days, all held", figure="range", least=2000, digits=0, unit="/s"),
    Row(title="304 ÷ 200", figure="not_modified", over="hits", least=1.0),
    Row(title="refusals ÷ first sight", figure="refused", over="first_sight", least=1.0),
    Row(title="cold date, beyond NASA's time", figure="cold_ms", most=3, unit=" ms"),
    Row(title="memory, whole archive held", figure="memory_mb", most=120, digits=0, unit=" MB"),
    Row(title="two workers ÷ one", figure="two_workers", over="hits", least=1.7),
    Row(
        title="the same, per second of a core",
        figure="two_workers_of_a_core",
        over="hits_of_a_core",
    ),
    Row(title="start to first answer", figure="start_s", most=1, unit=" s"),
    Row(title="attested hits", figure="hits", digits=0, unit="/s"),
    Row(title="attested hits, gzip", figure="gzip", digits=0, unit="/s"),
    Row(title="attested hits, with Redis", figure="with_redis", digits=0, unit="/s"),
    Row(title="bare ASGI", figure="bare", digits=0, unit="/s"),
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row, and the median of its rounds."""

    row: Row
    value: float

    @property
    def is_met(self) -> bool | None:
        """See `Row.is_met`."""
        return self.row.is_met(self.value)

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as it is shown, under `HEADINGS`."""
        met = {True: "yes", False: "NO", None: ""}[self.is_met]
        return self.row.title, self.row.shown(self.value), self.row.target, met


def verdicts(figures: Figures) -> list[Verdict]:
    """Judge every row that was measured."""
    return [Verdict(row, statistics.median(values)) for row, values in _measured(figures)]


def left_out(figures: Figures) -> list[Row]:
    """Give the rows that were not measured."""
    return [row for row in ROWS if not row.values(figures)]


def is_well(figures: Figures) -> bool:
    """Tell whether no target was missed."""
    return all(one.is_met is not False for one in verdicts(figures))


def _measured(figures: Figures) -> Iterator[tuple[Row, list[float]]]:
    for row in ROWS:
        if values := row.values(figures):
            yield row, values
