"""What a source of records is."""

from datetime import date
from typing import NamedTuple, Protocol

from proxy.errors import SourceError
from proxy.records import Record


class Fetched(NamedTuple):
    """The records of a range, ascending, and what kept the rest of it from coming, if anything.

    Without a failure, a day that is not among them has no picture.
    """

    records: list[Record]
    failure: SourceError | None = None


class Api(Protocol):
    """One of NASA's APIs that has them, asked against the clock."""

    @property
    def max_days(self) -> int:
        """The longest range it gives in one call."""

    async def fetch(self, day: date | None, *, newest: date, seconds: float) -> Record:
        """Do what `Source.fetch` does, within so many *seconds*."""

    async def fetch_range(self, start: date, end: date, *, seconds: float) -> Fetched:
        """Do what `Source.fetch_range` does, within so many *seconds*."""


class Source(Protocol):
    """Something that has v1 records, and sees by itself to being in time."""

    @property
    def max_days(self) -> int:
        """The longest range it gives in one call."""

    async def fetch(self, day: date | None, *, newest: date) -> Record:
        """Give the record of *day*, or the latest (None), none of them later than *newest*.

        Raises:
            NoRecordError: there is none for that day.
            SourceError: the source failed.
        """

    async def fetch_range(self, start: date, end: date) -> Fetched:
        """Give the records from *start* to *end*, at most `max_days`.

        Raises:
            SourceError: the source failed.
        """
