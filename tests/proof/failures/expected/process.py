"""While a process of the service fails, in whichever way."""

from typing import NamedTuple

from tests.proof.failures.asked import Kind
from tests.proof.failures.expected import Expected, windows
from tests.proof.failures.judged import WELL

REFUSED = frozenset({"503"})

LEASE_SECONDS = 3.0
"""After which another process asks NASA in place of one that is silent."""

NASA_SECONDS = 1.5
"""That NASA takes for each answer where a process fails while it asks."""


NEW_PROCESS_SECONDS = 10.0
"""Until a process that is started in place of another answers everything."""

SUPERVISED_SECONDS = 10.0
"""Until a supervisor has replaced a worker: it may be waiting for that one's answer."""


class ProcessFails(NamedTuple):
    """What the fault of a process means.

    Attributes:
        secret: what comes of a request for a secret: it goes out where that can be put on record.
        cold: what comes of a request for which NASA has to be asked.
        seconds: for an answer elsewhere.
        back_seconds: after the fault's end, or until whatever watches the process has ended it.
        ask: how many processes ask NASA: one in place of the one that fails, if that asked, too.
    """

    secret: frozenset[str] = frozenset({"given"})
    cold: frozenset[str] = frozenset({"new"})
    seconds: float = 1.0
    back_seconds: float = 5.0
    ask: int = 1


ASKING = ProcessFails(seconds=LEASE_SECONDS + 2 * NASA_SECONDS + 1, ask=2)
"""It fails while it asks NASA: another process waits for it, and then asks in its place."""

PROCESS: dict[str, ProcessFails] = {
    "killed": ASKING._replace(back_seconds=NEW_PROCESS_SECONDS),
    "frozen": ASKING,
    "killed, Redis away": ASKING._replace(secret=REFUSED, back_seconds=NEW_PROCESS_SECONDS),
    "frozen, Redis frozen": ASKING._replace(secret=REFUSED),
    "worker-killed": ProcessFails(back_seconds=SUPERVISED_SECONDS),
    "worker-frozen": ProcessFails(back_seconds=SUPERVISED_SECONDS),
    "no-descriptors": ProcessFails(
        # Who has a connection is served what is held; nobody else gets one.
        secret=frozenset({"given", "503"}),
        cold=frozenset({"new", "503"}),
    ),
    "log-disk-full": ProcessFails(secret=REFUSED),
    "log-device-full": ProcessFails(secret=REFUSED, back_seconds=NEW_PROCESS_SECONDS),
    "log-reader-gone": ProcessFails(secret=REFUSED, back_seconds=NEW_PROCESS_SECONDS),
    "log-reader-stalls": ProcessFails(secret=REFUSED, seconds=2),
}
"""Every fault of a process. What is held is served, and everybody is let in or refused as ever."""


def of_process(fault: str, kind: Kind) -> Expected:
    """Give what has to come of a request while a process fails; calls are those for records."""
    fails = PROCESS[fault]
    held = frozenset({"fresh", "new"})
    match kind:
        case Kind(group="secret"):
            return Expected(fails.secret, seconds=fails.seconds)
        case Kind(group="record", name="latest-held"):  # its lifetime may end just then
            return Expected(held, calls=1, seconds=fails.seconds)
        case Kind(group="record" | "other", state="held"):
            return Expected(held, fails.ask * windows(kind.count), seconds=fails.seconds)
        case Kind(group="record"):
            calls = fails.ask * (windows(kind.count) or 1)
            return Expected(fails.cold, calls, seconds=fails.seconds)
        case Kind(group="other" | "picture"):
            return Expected(fails.cold, seconds=fails.seconds)
    return Expected(WELL[kind.group], seconds=fails.seconds)


def of_broken(fault: str, kind: Kind) -> frozenset[str]:
    """Give what may come of a request to the very process that fails."""
    waits = (kind.state == "cold" and kind.group in {"record", "other", "picture"}) or kind.count
    if fault == "no-descriptors":  # for a connection
        return frozenset({"unheard"})
    if fault.startswith("killed") and waits:
        return frozenset({"unheard", "cut"})
    # It had been answered before, or is once the process goes on.
    return WELL[kind.group] | (REFUSED if kind.group == "secret" and "Redis" in fault else set())
