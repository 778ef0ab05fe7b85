"""The kinds of requests, and what is held for them when a fault begins."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

APOD = "/planetary/apod"
PICTURE = "/v2/apod.nasa.gov/apod/image/2110/FireballAlberta_Qin_1080.jpg"
NOTICES, ROCKS = "/DONKI/notifications", "/neo/rest/v1/feed"

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
"""Where a clock that can be set stands at first."""

TODAY = NOW.date()

Group = Literal["record", "picture", "other", "secret", "attest", "refused"]
State = Literal["held", "old", "cold"]
STATES: tuple[State, ...] = ("held", "old", "cold")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request.

    Attributes:
        name: as it stands in the ids of tests.
        group: what answers it.
        target: path and query.
        state: whether the answer is held when the fault begins, within its lifetime or past it.
        days: whose records are right; empty, if it is the latest, or any will do.
        is_list: whether they come as a list, even if it is one.
        has_extras: whether thumbnails and a word on concept tags are asked for.
        count: how many records, if it is a random choice.
        before: what else is asked before the fault.
        token_seconds: until the token that is sent expires.
    """

    name: str
    group: Group
    target: str
    state: State = "cold"
    days: Sequence[date] = ()
    is_list: bool = False
    has_extras: bool = False
    count: int = 0
    before: "Kind | None" = None
    token_seconds: float = 86400

    def __str__(self) -> str:
        return self.name


def spanned(name: str, first: date, last: date, state: State = "cold", *, is_open: bool) -> Kind:
    """Give the request for a range, which may have no end and then goes to the *last* there is."""
    days = tuple(first + timedelta(n) for n in range((last - first).days + 1))
    query = f"start_date={first}" + ("" if is_open else f"&end_date={last}")
    return Kind(name, "record", f"{APOD}?{query}", state, days, is_list=True)


def dated(name: str, day: date, state: State = "cold") -> Kind:
    """Give the request for the record of a day."""
    return Kind(name, "record", f"{APOD}?date={day}", state, (day,))


def extras(name: str, day: date, state: State = "cold") -> Kind:
    """Give the request for that with all that can be asked for besides."""
    target = f"{APOD}?date={day}&thumbs=true&concept_tags=true"
    return Kind(name, "record", target, state, (day,), has_extras=True)


def kinds(today: date) -> tuple[Kind, ...]:
    """Give every kind, as of a day: the requests for records three times, by what is held."""
    return (
        *(kind for state in STATES for kind in records(today, state)),
        sample("count-of-held", today, 5),
        Kind("count-of-more", "record", f"{APOD}?count=60", count=60),
        Kind("picture", "picture", PICTURE),
        Kind("other-api-held", "other", NOTICES, "held"),
        Kind("other-api-cold", "other", ROCKS),
        Kind("secret", "secret", "/secrets/plain"),
        Kind("sealed-secret", "secret", "/secrets/sealed"),
        Kind("attest", "attest", "/attest"),
        Kind("refused", "refused", f"{APOD}?date={today - timedelta(2)}"),
    )


def records(today: date, state: State) -> tuple[Kind, ...]:
    """Give the requests for records of which that is held; each state has days of its own."""
    last = today - timedelta({"held": 1, "old": 1, "cold": 200}[state])
    end = last if state != "cold" else last - timedelta(20)
    return (
        Kind(f"latest-{state}", "record", APOD, state),
        dated(f"date-{state}", last, state),
        spanned(f"range-{state}", end - timedelta(3), end, state, is_open=False),
        spanned(f"open-range-{state}", today - timedelta(2), today, state, is_open=True),
        extras(f"extras-{state}", last, state),
    )


def sample(name: str, today: date, count: int) -> Kind:
    """Give a request for a random choice, where a month of records is held."""
    last = today - timedelta(1)
    month = spanned("month", last - timedelta(28), last, is_open=False)
    return Kind(name, "record", f"{APOD}?count={count}", "held", count=count, before=month)


ALL = kinds(TODAY)
