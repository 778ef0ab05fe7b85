"""While NASA and Redis fail together, or NASA just after a restart, or all three."""

from standin.faults import Fault
from tests.proof.failures.asked import Kind
from tests.proof.failures.expected import Expected, one
from tests.proof.failures.expected.nasa import NASA, NasaFails, record
from tests.proof.failures.expected.redis import REDIS, TRAIL_SECONDS
from tests.proof.failures.judged import WELL

READABLE = {None, "full"}
"""Where Redis can still be read: what lies there is as good as held."""

SLOW = NasaFails("new", "new", calls=1)
"""All of NASA's answers come, and late."""


def of_both(nasa: Fault | None, redis: str | None, kind: Kind, *, is_new: bool) -> Expected:  # noqa: PLR0911  (a table)
    """Give what has to come of a request while both fail.

    Args:
        nasa: its fault; None, if it is slow.
        redis: its fault, if it has one.
        kind: what is asked for.
        is_new: whether the process is a new one, and has only what lies in Redis.
    """
    fails = NASA[nasa] if nasa else SLOW
    # Of those that are asked at once some find NASA set aside already.
    failed = {record(nasa), "503"} if nasa else {"new"}
    calls = 0 if kind.has_extras else fails.calls  # another asks for the same day
    in_time = {"fresh"} if redis == "slow" else set()  # its answer may come just in time
    has_memory, has_redis = not is_new, redis in READABLE
    match kind:
        case Kind(name="date-elsewhere"):
            return one("fresh") if has_redis else one(*failed, *in_time, calls=calls)
        case Kind(name="old-latest-elsewhere") if has_memory or has_redis:
            # That, or the newest record that is held.
            return one(*{"stale"} if nasa else {"stale", "new"}, calls=calls)
        case Kind(group="record", state="old") if has_memory or has_redis:
            return one("stale", calls=calls, seconds=3)
        case Kind(name="date-held") if has_memory or has_redis:
            return one("fresh", seconds=3)
        case Kind(name="other-api-held") if has_memory:
            return one("fresh", seconds=3)
        case Kind(group="record"):
            return one(*failed, calls=calls)
        case Kind(group="other"):
            return one(fails.other, calls=1)
        case Kind(group="picture"):
            return one(fails.picture, calls=1)
        case Kind(group="secret"):
            return one(REDIS[redis] if redis else "given", seconds=TRAIL_SECONDS)
    return one(*WELL[kind.group], seconds=3)
