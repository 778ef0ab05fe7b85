"""What is the matter with NASA just now, for a test or a developer to change while it runs."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from standin import archive, calendar
from standin.faults import Fault

APIS = frozenset({"legacy", "science", "pictures", "others"})

CORRECTION = "An earlier version of this text named another star."


def _days(given: set[date]) -> set[date]:
    if any(not day >= calendar.FIRST_DAY for day in given):
        raise ValueError("the archive begins on 1995-06-16")
    return given


def _apis(given: dict[str, Fault]) -> dict[str, Fault]:
    if not given.keys() <= APIS:
        raise ValueError(f"the APIs are {', '.join(sorted(APIS))}")
    return given


Days = Annotated[set[date], AfterValidator(_days)]


class Conditions(BaseModel):
    """All that can be switched; as it stands, all is well.

    Attributes:
        faults: how whole APIs fail.
        latency_seconds: how long every answer takes.
        ahead_seconds: how far the stand-in's clock is ahead of the one it was given.
        bad_days: days whose page the old API cannot read: 500, and so for each range over them.
        missing_days: days whose picture is not out, or not filled in yet.
        edited_days: days whose explanation has been corrected.
        pictureless_days: days whose post in the new API has a thumbnail in place of its picture.
        picture_bytes: the size of every picture's file, if not its own.
    """

    model_config = ConfigDict(extra="forbid", validate_assignment=True, allow_inf_nan=False)

    faults: Annotated[dict[str, Fault], AfterValidator(_apis)] = Field(default_factory=dict)
    latency_seconds: Annotated[float, Field(ge=0, le=300)] = 0
    ahead_seconds: Annotated[float, Field(ge=-3e8, le=3e8)] = 0
    bad_days: Days = Field(default_factory=set)
    missing_days: Days = Field(default_factory=set)
    edited_days: Days = Field(default_factory=set)
    pictureless_days: Days = Field(default_factory=set)
    picture_bytes: Annotated[int | None, Field(ge=1, le=2**31)] = None

    def record(self, day: date) -> archive.Record:
        """Give the v1 record of *day*."""
        record = archive.record(day)
        if day in self.edited_days:
            record = {**record, "explanation": f"{record['explanation']} {CORRECTION}"}
        return record

    def is_published(self, day: date, now: float) -> bool:
        """Tell whether there is a picture for *day*."""
        return calendar.is_published(day, now) and day not in self.missing_days

    def latest_published(self, now: float) -> date:
        """Give the date of the newest picture that is out."""
        day = calendar.latest_published(now)
        while not self.is_published(day, now):
            day -= timedelta(days=1)
        return day


CALM = Conditions()
"""For whoever asks the rules alone. Not to be changed."""
