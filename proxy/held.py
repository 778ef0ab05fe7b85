"""One answer of NASA's: as it was given, and with what follows from its age."""

from dataclasses import dataclass
from datetime import date

from proxy.records import Record


@dataclass(frozen=True, slots=True)
class Given:
    """What NASA gave to some process.

    Attributes:
        day: the day it is about.
        record: the record, or None where NASA has nothing for that day.
        fetched_at: when, as Unix time in seconds.
    """

    day: date
    record: Record | None
    fetched_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One answer of NASA's, with its times as Unix seconds.

    Attributes:
        day: the day it is about.
        record: the record, or None where NASA has nothing for that day.
        fetched_at: when NASA gave it.
        lifetime: seconds for which it is fresh.
        refresh_at: when to ask NASA again: a little before the end of its lifetime, or after it if
            NASA failed then.
        usable_until: when it is forgotten, past its lifetime.
    """

    day: date
    record: Record | None
    fetched_at: float
    lifetime: int
    refresh_at: float
    usable_until: float

    @property
    def fresh_until(self) -> float:
        """The end of its lifetime."""
        return self.fetched_at + self.lifetime

    def is_due(self, now: float) -> bool:
        """Tell whether to ask NASA again; also if the clock has been set back since."""
        return not self.fetched_at <= now < self.refresh_at

    def may_go_out_at_once(self, now: float) -> bool:
        """Tell whether it is still so young that the next caller may get the new one instead."""
        return self.fetched_at <= now < self.fresh_until + self.lifetime

    def is_fresh(self, now: float) -> bool:
        """Tell whether it is within its lifetime."""
        return self.fetched_at <= now < self.fresh_until

    def is_worth_serving(self, now: float) -> bool:
        """Tell whether it can stand alone: that NASA once had nothing says little later on."""
        return self.record is not None or self.is_fresh(now)
