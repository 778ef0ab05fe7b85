"""While Redis fails, in whichever way."""

from tests.proof.failures.asked import Kind
from tests.proof.failures.expected import Expected, one, windows
from tests.proof.failures.judged import WELL

REDIS: dict[str, str] = {
    "away": "503",
    "frozen": "503",
    "slow": "given",
    "full": "503",
    "read-only": "503",
    "locked": "503",
    "crowded": "503",
    "strange": "503",
    "emptied": "given",
    "poisoned": "given",
    "no-trail": "503",
}
"""Every fault of Redis, and what comes of a request for a secret: it goes out where its delivery
can be put on record. All else is as if there were no Redis, and hardly slower."""

REDIS_SECONDS = 1.0
"""For anything but a secret: a tenth of a second for Redis, and time for a busy machine."""

TRAIL_SECONDS = 3.0
"""For a secret, whose record is waited for."""

BACK_SECONDS = 6.0
"""After which Redis is used again."""


def of_redis(fault: str, kind: Kind) -> Expected:
    """Give what has to come of a request while Redis fails."""
    match kind:
        case Kind(group="secret"):
            return one(REDIS[fault], seconds=TRAIL_SECONDS)
        case Kind(group="record") if kind.count:
            return one("fresh", "new", calls=windows(kind.count), seconds=REDIS_SECONDS)
        case Kind(name="date-elsewhere"):
            # Another process has it: NASA need not be asked, but may be.
            return one("fresh", "new", calls=1, seconds=REDIS_SECONDS)
        case Kind(group="record" | "other", state="held"):
            return one("fresh", seconds=REDIS_SECONDS)
        case Kind(group="record" | "other" | "picture"):
            return one("new", calls=1, seconds=REDIS_SECONDS)
    return one(*WELL[kind.group], seconds=REDIS_SECONDS)
