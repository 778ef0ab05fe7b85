"""When phones of all time zones open the app, and what they then ask for.

Every number here is an assumption, chosen to be plausible and not too kind; none was measured.
"""

import math
import random
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate

DAY = 86_400
MINUTES = 1440

# Share of the phones by offset from UTC in minutes, roughly as people with Android live: India
# alone is a fifth; China, where most phones lack Google's services, is counted low.
OFFSETS = {
    -480: 5.0, -420: 2.0, -360: 8.0, -300: 9.0, -240: 3.0, -180: 8.0, 0: 6.0, 60: 13.0, 120: 8.0,
    180: 9.0, 210: 2.0, 240: 1.0, 300: 6.0, 330: 22.0, 345: 0.5, 360: 4.0, 390: 1.0, 420: 8.0,
    480: 6.0, 540: 4.0, 600: 1.0, 720: 0.3,
}  # fmt: skip

# Share of a day's openings by local hour: few at night, one peak at breakfast, one in the evening.
HOURS = (
    1.6, 0.9, 0.6, 0.5, 0.6, 1.4, 3.4, 5.6, 5.8, 4.8, 4.4, 4.4,
    4.9, 4.8, 4.3, 4.3, 4.6, 5.2, 5.8, 6.6, 7.4, 7.6, 6.2, 3.7,
)  # fmt: skip

ON_THE_HOUR = 0.10
"""Of the openings: widgets and alarms, all in the first minute of a local hour."""

GALLERIES = 0.20
"""Galleries asked for at an opening, on the average."""

OLD_DAYS = 0.30
"""Old pictures asked for at an opening, on the average."""

REQUESTS = 1 + GALLERIES + OLD_DAYS
"""Requests at an opening: always the latest picture, and the others besides."""

LONG_TAIL = 1.0
"""Exponent of Zipf's law: the n-th most wanted old picture is wanted 1/n as often as the first."""


@dataclass(frozen=True, slots=True)
class Openings:
    """The openings of one day, as a rate that repeats daily in UTC.

    Attributes:
        by_minute: the share of a day's openings in each minute of it.
        until: the share before the end of each minute.
    """

    by_minute: tuple[float, ...]
    until: tuple[float, ...]

    @property
    def peak(self) -> float:
        """The greatest rate, as a share of the day's openings in a second."""
        return max(self.by_minute) / 60

    def next(self, after: float, daily: float, chance: random.Random) -> float:
        """Draw when the first request comes after a time, if there are *daily* of them a day.

        Args:
            after: seconds since a midnight in UTC.
            daily: expected number of such requests in a day.
            chance: what to draw from.
        """
        wait = -math.log(1 - chance.random()) / daily
        days, share = divmod(self._shares(after) + wait, 1)
        minute = min(bisect_right(self.until, share), MINUTES - 1)
        before = self.until[minute - 1] if minute else 0.0
        within = (share - before) / self.by_minute[minute]
        return max(after, days * DAY + (minute + within) * 60)

    def _shares(self, time: float) -> float:
        """Give how many days' openings there are before a time."""
        days, second = divmod(time, DAY)
        minute = int(second // 60)
        before = self.until[minute - 1] if minute else 0.0
        return days + before + self.by_minute[minute] * (second / 60 - minute)


def openings() -> Openings:
    """Put time zones and hours together."""
    phones, hours = sum(OFFSETS.values()), sum(HOURS)
    by_minute = [0.0] * MINUTES
    for offset, weight in OFFSETS.items():
        for minute in range(MINUTES):
            hour, past = divmod((minute + offset) % MINUTES, 60)
            part = (1 - ON_THE_HOUR) / 60 + (0.0 if past else ON_THE_HOUR)
            by_minute[minute] += weight / phones * HOURS[hour] / hours * part
    *until, _ = accumulate(by_minute)
    return Openings(tuple(by_minute), (*until, 1.0))


def popularity(count: int) -> list[float]:
    """Give how the wishes for *count* old pictures are shared out, the most wanted first."""
    weights = [1 / (rank + 1) ** LONG_TAIL for rank in range(count)]
    whole = sum(weights)
    return [weight / whole for weight in weights]


def poisson(mean: float, chance: random.Random) -> int:
    """Draw how many requests come where *mean* are expected."""
    if mean > 50:  # where the normal distribution is as good, and does not take so long
        return max(0, round(chance.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), chance.random(), 0
    while product > limit:
        product *= chance.random()
        count += 1
    return count
