"""What has to come of each request while something is broken, written down before it was seen.

What whoever asks may rely on, whatever is broken:

- No 500, no other day's record, no answer that looks whole and is not.
- What is held is served: within its lifetime as if nothing were wrong, past it for 30 days, and
  then it says that it is old.
- What is not held and cannot be had is an error that says so and is not kept: 502, 503 or 504.
- NASA is left in peace: few calls for one request, none while it is set aside.
- A secret goes out if its delivery is on record, or it is refused with 503.
- Whoever is no genuine app is refused, and genuine ones are let in, as on any other day.
- Once the fault is over, all is well again within a bound.
"""

from typing import NamedTuple

from proxy.cache import POSTPONE_SECONDS
from proxy.sources.breaker import FIRST_PAUSE_SECONDS
from proxy.sources.retry import MAX_ATTEMPTS
from standin.faults import Fault
from tests.proof.failures.asked import Kind

AS_EVER = {"attest": "204", "refused": "401", "secret": "given", "picture": "new"}

APIS = 2

SAMPLE_WINDOWS = 10
"""Calls that a random choice may make at once."""

RETRY_AFTER_SECONDS = 2870
"""What the stand-in asks for with its 429."""


class Expected(NamedTuple):
    """Of one cell.

    Attributes:
        how: what comes of the request, by the words of `judged`: one of these.
        calls: of NASA, at most.
        back_seconds: after the fault's end until all is well again, at most.
        seconds: until the answer, at most.
    """

    how: frozenset[str]
    calls: int = 0
    back_seconds: float = 0
    seconds: float = 10.5


def one(*how: str, calls: int = 0, back_seconds: float = 0, seconds: float = 10.5) -> Expected:
    """Write one down."""
    return Expected(frozenset(how), calls, back_seconds, seconds)


class NasaFails(NamedTuple):
    """What NASA's fault means for what is not held.

    Attributes:
        record: for a record.
        picture: for a picture.
        other: for an answer of another API, which goes on as it is where it is NASA's own.
        attempts: how often one API is asked for one record.
        wait_seconds: what NASA itself asks for.
    """

    record: str
    picture: str
    other: str
    attempts: int = 1
    wait_seconds: int = 0


AS_IT_IS = "as NASA answers"

NASA: dict[Fault, NasaFails] = {
    Fault.PLACEHOLDER: NasaFails("502", "502", AS_IT_IS),
    Fault.SERVER_ERROR: NasaFails("502", "502", "502"),
    Fault.BAD_GATEWAY: NasaFails("502", "502", "502", MAX_ATTEMPTS),
    Fault.UNAVAILABLE: NasaFails("503", "503", "503", MAX_ATTEMPTS),
    Fault.GATEWAY_TIMEOUT: NasaFails("504", "504", "504", MAX_ATTEMPTS),
    Fault.OVER_LIMIT: NasaFails("503", "503", "503", wait_seconds=RETRY_AFTER_SECONDS),
    Fault.GONE: NasaFails("502", "404", "502"),
    Fault.REDIRECT: NasaFails("502", "502", "502"),
    Fault.HTML: NasaFails("502", "502", AS_IT_IS),
    Fault.EMPTY: NasaFails("502", "502", AS_IT_IS),
    Fault.TRUNCATED: NasaFails("502", "502", AS_IT_IS),
    Fault.DROP: NasaFails("502", "502", "cut", MAX_ATTEMPTS),
    Fault.FLOOD: NasaFails("502", "502", "cut"),
    Fault.DRIP: NasaFails("504", "502", "cut", MAX_ATTEMPTS),
    Fault.HANG: NasaFails("504", "504", "504", MAX_ATTEMPTS),
}
"""Every fault of the stand-in, of all of NASA at once."""


def of_nasa(fault: Fault, kind: Kind) -> Expected:  # noqa: PLR0911  (a table)
    """Give what has to come of a request while NASA fails."""
    fails = NASA[fault]
    asked, wait = APIS * fails.attempts, fails.wait_seconds
    match kind:
        case Kind(group="record", count=60):  # more than is held
            # The first call after a 429 shows how things stand; only then the others may follow.
            back = wait + POSTPONE_SECONDS
            failed = {"502", "503", "504"}  # the last of many calls may find it set aside
            return one(*failed, calls=SAMPLE_WINDOWS * asked, back_seconds=back)
        case Kind(group="record", count=5):
            return one("fresh", calls=SAMPLE_WINDOWS * asked)
        case Kind(group="record", state="held"):
            return one("fresh")
        case Kind(group="record", state="old"):
            back = max(wait, POSTPONE_SECONDS)
            return one("stale", calls=asked, back_seconds=back, seconds=2)
        case Kind(group="record"):
            back = max(wait, FIRST_PAUSE_SECONDS)
            return one(fails.record, calls=asked, back_seconds=back)
        case Kind(group="other", state="held"):
            return one("fresh")
        case Kind(group="other"):
            return one(fails.other, calls=1, back_seconds=wait, seconds=20)
        case Kind(group="picture"):
            return one(fails.picture, calls=1)
    return one(AS_EVER[kind.group], seconds=2)


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

REDIS_BACK_SECONDS = 6.0


def of_redis(fault: str, kind: Kind) -> Expected:
    """Give what has to come of a request while Redis fails."""
    match kind:
        case Kind(group="secret"):
            return one(REDIS[fault], seconds=TRAIL_SECONDS)
        case Kind(count=5):
            return one("fresh", "new", calls=SAMPLE_WINDOWS, seconds=REDIS_SECONDS)
        case Kind(
            name="date-elsewhere"
        ):  # another process has it: NASA need not be asked, but may be
            return one("fresh", "new", calls=1, seconds=REDIS_SECONDS)
        case Kind(group="record" | "other", state="held"):
            return one("fresh", seconds=REDIS_SECONDS)
        case Kind(group="record" | "other" | "picture"):
            return one("new", calls=1, seconds=REDIS_SECONDS)
    return one(AS_EVER[kind.group], seconds=REDIS_SECONDS)


class ProcessFails(NamedTuple):
    """What the fault of a process means.

    Attributes:
        secret: what comes of a request for a secret: it goes out where that can be put on record.
        cold: what comes of a request for which NASA has to be asked.
        broken: what comes of requests to the process that fails, where others go on; any of these.
        seconds: for an answer elsewhere.
        back_seconds: after the fault's end, or until whatever watches the process has ended it.
    """

    secret: frozenset[str] = frozenset({"given"})
    cold: frozenset[str] = frozenset({"new"})
    broken: frozenset[str] = frozenset()
    seconds: float = 1.0
    back_seconds: float = 5.0


REFUSED = frozenset({"503"})

PROCESS_BACK_SECONDS = 10.0

LEASE_SECONDS = 3.0
"""After which another process asks NASA in place of one that is silent."""

NASA_SECONDS = 1.5
"""That NASA takes for each answer where a process fails while it asks."""

PROCESS: dict[str, ProcessFails] = {
    "killed": ProcessFails(
        broken=frozenset({"unheard", "cut"}), seconds=LEASE_SECONDS + 2 * NASA_SECONDS + 1
    ),
    "frozen": ProcessFails(
        # What it had been asked it answers once it goes on.
        broken=frozenset({"fresh", "new", "given", "204", "401"}),
        seconds=LEASE_SECONDS + 2 * NASA_SECONDS + 1,
    ),
    "worker-killed": ProcessFails(back_seconds=10),  # its supervisor may be waiting for its answer
    "worker-frozen": ProcessFails(back_seconds=10),
    "no-descriptors": ProcessFails(
        # Who has a connection is served what is held; nobody else gets one.
        secret=frozenset({"given", "503"}),
        cold=frozenset({"new", "503"}),
        broken=frozenset({"unheard"}),
    ),
    "log-disk-full": ProcessFails(secret=REFUSED),
    "log-device-full": ProcessFails(secret=REFUSED),
    "log-reader-gone": ProcessFails(secret=REFUSED),
    "log-reader-stalls": ProcessFails(secret=REFUSED, seconds=2),
}
"""Every fault of a process. What is held is served, and everybody is let in or refused as ever."""


def of_process(fault: str, kind: Kind) -> Expected:
    """Give what has to come of a request while a process fails."""
    fails = PROCESS[fault]
    held = Expected(frozenset({"fresh", "new"}), calls=1, seconds=fails.seconds)
    match kind:
        case Kind(group="secret"):
            return Expected(fails.secret, seconds=fails.seconds)
        case Kind(group="record" | "other", state="held"):
            return held._replace(calls=SAMPLE_WINDOWS) if kind.count else held
        case Kind(group="record"):
            return Expected(fails.cold, calls=2 * MAX_ATTEMPTS, seconds=fails.seconds)
        case Kind(group="other" | "picture"):
            return Expected(fails.cold, calls=1, seconds=fails.seconds)
    return one(AS_EVER[kind.group], seconds=fails.seconds)


RENEWED = 2 * APIS
"""Calls of NASA for what has just run out: its answer goes out at once, so that they may fall into
the time of the next request."""


def of_clock(hours: int, kind: Kind) -> Expected:
    """Give what has to come of a request after the service's clock alone has jumped."""
    match kind:
        case Kind(name="short-token"):  # ahead it has expired, and nobody can know better
            return one("401" if hours > 0 else "204", calls=RENEWED)
        case Kind(name="tomorrow"):
            return one("400", "404", calls=APIS + RENEWED)
        case Kind(group="record", state="held"):
            calls = SAMPLE_WINDOWS if kind.count else APIS
            return one("fresh", "new", "stale", calls=calls + RENEWED)
        case Kind(group="other", state="held"):
            return one("fresh", "new", calls=1 + RENEWED)
        case Kind(group="record" | "other" | "picture"):
            return one("new", calls=APIS + RENEWED)
    return one(AS_EVER[kind.group], calls=RENEWED)


def of_broken(fault: str, kind: Kind) -> frozenset[str]:
    """Give what may come of a request to the very process that fails."""
    waits = (kind.state == "cold" and kind.group in {"record", "other", "picture"}) or kind.count
    if fault == "killed" and not waits:  # it had been answered before
        return frozenset({"fresh", AS_EVER.get(kind.group, "fresh")})
    return PROCESS[fault].broken


HOUR = 3600

STEP_SECONDS = 30

CALLS_TOGETHER = 8 * APIS * MAX_ATTEMPTS
"""For the records that are missing or old of all requests that are asked at once."""

READABLE = {"full", "restarted"}
"""Where Redis can still be read: what lies there is as good as held."""


def of_both(nasa: Fault | None, redis: str, kind: Kind) -> Expected:  # noqa: PLR0911  (a table)
    """Give what has to come of a request while both fail, or NASA just after a restart."""
    fails = NASA[nasa] if nasa else NasaFails("new", "new", "new")
    # Of those that are asked at once some find NASA set aside already.
    failed = {fails.record} | ({"503"} if nasa else set())
    is_new_process = redis == "restarted"
    match kind:
        case Kind(name="date-elsewhere"):
            return one("fresh") if redis in READABLE else one(*failed)
        case Kind(name="old-latest-elsewhere"):  # that, or the newest record that is held
            return one("stale") if nasa else one("stale", "new")
        case Kind(group="record", state="old"):
            return one("stale", seconds=3)
        case Kind(name="date-held"):
            return one("fresh", seconds=3)
        case Kind(name="other-api-held") if not is_new_process:
            return one("fresh", seconds=3)
        case Kind(group="record"):
            return one(*failed)
        case Kind(group="other"):
            return one(fails.other)
        case Kind(group="picture"):
            return one(fails.picture)
        case Kind(group="secret"):
            return one(REDIS.get(redis, "given"), seconds=TRAIL_SECONDS)
    return one(AS_EVER[kind.group], seconds=3)
