"""What can keep the proxy from giving a record.

    ApodError
    ├── BadQueryError                 the client asked wrongly: NASA's own 400 text
    ├── NothingThereError             NASA has nothing of that kind
    │   ├── NoRecordError             for that date
    │   └── NoPictureError            at that address
    └── SourceError                   NASA, or the way to it, is at fault
        ├── SourceTimeoutError        no whole answer in time
        ├── SourceUnreachableError    no connection, or a broken one
        ├── SourceBusyError           all our connections to it are in use, or none may be opened
        ├── SourceUnavailableError    NASA says so itself (503)
        ├── SourceFailedError         a server of NASA's broke off, or got no answer itself (502)
        ├── SourceQuotaError          the key's quota is used up (429), or kept for the latest
        ├── SourceRefusedError        NASA does not accept our key
        └── SourceInvalidError        an answer that is no record: HTML, placeholder, wrong date, …
            └── UnusableRecordError   of one day, where the source itself is well

No message carries a URL, a header or a byte of what NASA sent.
"""

from datetime import date
from typing import ClassVar


class ApodError(Exception):
    """A request for something of NASA's that ends without it."""


class BadQueryError(ApodError):
    """The query is wrong; the message is NASA's text, where NASA has one for it."""


class NothingThereError(ApodError):
    """NASA is well, and has nothing there."""


class NoRecordError(NothingThereError):
    """NASA has no record for a date it could have one for.

    Attributes:
        day: that date.
    """

    def __init__(self, day: date) -> None:
        super().__init__(f"No data available for date: {day}")
        self.day = day


class NoPictureError(NothingThereError):
    """NASA has no picture at an address."""


class SourceError(ApodError):
    """A source did not give an answer that can be used.

    Attributes:
        outcome: stable code for logs.
        passes: whether asking again at once may well help.
        retry_after_seconds: when it may be worth asking again, where NASA says so.
    """

    outcome: ClassVar[str]
    passes: ClassVar[bool] = False

    def __init__(self, detail: str, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class SourceTimeoutError(SourceError):
    """The whole answer was not there within the deadline."""

    outcome = "timeout"
    passes = True


class SourceUnreachableError(SourceError):
    """No connection could be made, or it broke."""

    outcome = "unreachable"
    passes = True


class SourceBusyError(SourceError):
    """Too much is under way already, or open: the source was not even asked."""

    outcome = "busy"


class SourceUnavailableError(SourceError):
    """The source asks to be left alone for a while."""

    outcome = "unavailable"
    passes = True


class SourceFailedError(SourceError):
    """A server of NASA's broke off in its answer, or got none from the API behind it."""

    outcome = "failed"
    passes = True


class SourceQuotaError(SourceError):
    """The source gives no more answers to this key for a while, or few that are kept."""

    outcome = "over_quota"


class SourceRefusedError(SourceError):
    """The source does not accept the API key: somebody has to look at the configuration."""

    outcome = "key_refused"


class SourceInvalidError(SourceError):
    """The source answered, but with nothing that can be used."""

    outcome = "invalid"


class UnusableRecordError(SourceInvalidError):
    """The source is well, but what it has for one day can not be used: other days may do."""
