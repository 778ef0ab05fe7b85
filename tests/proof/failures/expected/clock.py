"""After the clock of one service has jumped."""

from tests.proof.failures.asked import Kind
from tests.proof.failures.expected import APIS, Expected, one, windows
from tests.proof.failures.judged import WELL

LATE = 2 * APIS
"""Calls of NASA for what has just run out: its answer goes out at once, so that they may fall into
the time of the next request. They are no more on the whole."""


def of_clock(hours: int, kind: Kind) -> Expected:  # noqa: PLR0911  (a table)
    """Give what has to come of a request after the service's clock alone has jumped."""
    match kind:
        case Kind(name="short-token"):  # ahead it has expired, and nobody can know better
            return one("401" if hours > 0 else "204")
        case Kind(name="tomorrow"):
            return one("400", "404", calls=APIS)
        case Kind(group="record") if kind.count:
            return one("fresh", "new", "stale", calls=windows(kind.count))
        case Kind(group="record", state="held"):
            return one("fresh", "new", "stale", calls=APIS)
        case Kind(group="other", state="held"):
            return one("fresh", "new", calls=1)
        case Kind(group="record" | "other" | "picture"):
            return one("new", calls=APIS)
    return one(*WELL[kind.group])
