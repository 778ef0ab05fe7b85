"""When NASA's day begins, and when its picture appears: not at the same moment."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FIRST_DAY = date(1995, 6, 16)
GAPS = frozenset({date(1995, 6, 17), date(1995, 6, 18), date(1995, 6, 19), date(2020, 6, 10)})

NEW_YORK = ZoneInfo("America/New_York")
PUBLICATION = time(0, 5)
"""In New York. The API's "today" is the one of UTC, four or five hours earlier."""

Clock = Callable[[], float]


class SettableClock:
    """A clock that stands still until it is set; `now` is Unix time in seconds."""

    def __init__(self, moment: datetime) -> None:
        self.now = moment.timestamp()

    def __call__(self) -> float:
        """Give the time it is set to."""
        return self.now

    def advance(self, **by: float) -> None:
        """Move on, by the arguments of `timedelta`."""
        self.now += timedelta(**by).total_seconds()


def utc_today(now: float) -> date:
    """Give the API's idea of today."""
    return datetime.fromtimestamp(now, UTC).date()


def latest_published(now: float) -> date:
    """Give the date of the newest picture that is out."""
    local = datetime.fromtimestamp(now, NEW_YORK)
    out = local.date() if local.time() >= PUBLICATION else local.date() - timedelta(days=1)
    while out in GAPS:
        out -= timedelta(days=1)
    return out


def is_published(day: date, now: float) -> bool:
    """Tell whether there is a picture for *day*."""
    return FIRST_DAY <= day <= latest_published(now) and day not in GAPS
