"""What has to come of each request while something is broken, written down before it was seen.

What whoever asks may rely on, whatever is broken:

- No 500, no other day's record, no answer that looks whole and is not.
- What is held is served: within its lifetime as if nothing were wrong, past it for 30 days, and
  then it says that it is old.
- What is not held and cannot be had is an error that says so, and when to come back, and is not
  kept: 502, 503 or 504.
- NASA is left in peace: few calls for one request, none while it is set aside.
- A secret goes out if its delivery is on record, or it is refused with 503.
- Whoever is no genuine app is refused, and genuine ones are let in, as on any other day.
- Once the fault is over, all is well again within a bound.

No number is taken from the service: whoever changes one there has to change it here, too.
"""

from typing import NamedTuple

APIS = 2

SAMPLE_WINDOWS = 10
"""Calls that a random choice may make at once."""

PATIENCE_SECONDS = 10.5
"""For any answer: the service promises it within 10 s."""


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
    seconds: float = PATIENCE_SECONDS


def one(
    *how: str, calls: int = 0, back_seconds: float = 0, seconds: float = PATIENCE_SECONDS
) -> Expected:
    """Write one down."""
    return Expected(frozenset(how), calls, back_seconds, seconds)


def windows(count: int) -> int:
    """Give how many calls a random choice of so many records may make where NASA is well."""
    return min(count, SAMPLE_WINDOWS)
