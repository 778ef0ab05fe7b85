"""While NASA fails, in whichever way."""

from typing import NamedTuple

from standin.faults import Fault
from tests.proof.failures.asked import Kind
from tests.proof.failures.expected import APIS, Expected, one, windows
from tests.proof.failures.judged import AS_IT_IS, WELL
from tests.proxy.test_failure_matrix import STATUSES

FIRST_PAUSE_SECONDS = 30
"""For which an API that has failed is set aside at first."""

LONGEST_PAUSE_SECONDS = 600
"""And at most, however long it fails."""

POSTPONE_SECONDS = 60
"""For which what is held is left alone when it could not be renewed."""

RETRY_AFTER_SECONDS = 2870
"""What the stand-in asks for with its 429."""

ONCE, THRICE = APIS, 3 * APIS
"""Calls for one record: of each API one, or three where asking again at once often helps."""

LONG = 3
"""Where none comes to an end: two of the first API within its share of the time, then one."""


class NasaFails(NamedTuple):
    """What NASA's fault means for what is not held; for records, `STATUSES` has their status.

    Attributes:
        picture: for a picture.
        other: for an answer of another API, which goes on as it is where it is NASA's own.
        calls: for one record.
        wait_seconds: what NASA itself asks for.
    """

    picture: str
    other: str
    calls: int = ONCE
    wait_seconds: int = 0


NASA: dict[Fault, NasaFails] = {
    Fault.PLACEHOLDER: NasaFails("502", AS_IT_IS),
    Fault.SERVER_ERROR: NasaFails("502", "502"),
    Fault.BAD_GATEWAY: NasaFails("502", "502", THRICE),
    Fault.UNAVAILABLE: NasaFails("503", "503", THRICE),
    Fault.GATEWAY_TIMEOUT: NasaFails("504", "504", THRICE),
    Fault.OVER_LIMIT: NasaFails("503", "503", wait_seconds=RETRY_AFTER_SECONDS),
    Fault.GONE: NasaFails("404", "502"),
    Fault.REDIRECT: NasaFails("502", "502"),
    Fault.HTML: NasaFails("502", AS_IT_IS),
    Fault.EMPTY: NasaFails("502", AS_IT_IS),
    Fault.TRUNCATED: NasaFails("502", AS_IT_IS),
    Fault.DROP: NasaFails("502", "cut", THRICE),
    Fault.FLOOD: NasaFails("502", "cut"),
    Fault.DRIP: NasaFails("502", "cut", LONG),
    Fault.HANG: NasaFails("504", "504", LONG),
}
"""Every fault of the stand-in, of all of NASA at once."""


def record(fault: Fault) -> str:
    """Give what comes of a request for a record that is not held."""
    return str(STATUSES.get(fault, 502))


def of_nasa(fault: Fault, kind: Kind) -> Expected:  # noqa: PLR0911  (a table)
    """Give what has to come of a request while NASA fails."""
    fails = NASA[fault]
    calls, wait = fails.calls, fails.wait_seconds
    match kind:
        case Kind(group="record", count=60):  # more than is held
            # The first call after a 429 shows how things stand; only then the others may follow.
            back = wait + POSTPONE_SECONDS
            failed = {"502", "503", "504"}  # the last of many calls may find it set aside
            return one(*failed, calls=windows(kind.count) * calls, back_seconds=back)
        case Kind(group="record", count=5):
            return one("fresh", calls=windows(kind.count) * calls)
        case Kind(group="record", state="held"):
            return one("fresh")
        case Kind(group="record", state="old"):
            back = max(wait, POSTPONE_SECONDS)
            return one("stale", calls=calls, back_seconds=back, seconds=2)
        case Kind(group="record"):
            back = max(wait, FIRST_PAUSE_SECONDS)
            return one(record(fault), calls=calls, back_seconds=back)
        case Kind(group="other", state="held"):
            return one("fresh")
        case Kind(group="other"):
            return one(fails.other, calls=1, back_seconds=wait, seconds=20)
        case Kind(group="picture"):
            return one(fails.picture, calls=1)
    return one(*WELL[kind.group], seconds=2)
