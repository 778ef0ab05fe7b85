"""The clock of a service jumps, and that of everybody else does not, times each kind of request."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

import pytest

from proxy.freshness import latest_published
from standin.calendar import SettableClock
from tests.proof.failures import expected
from tests.proof.failures.asked import APOD, Kind, kinds
from tests.proof.failures.judged import App, Seen
from tests.proof.failures.served import Service, secrets_file, served, serving_of
from tests.proof.record import IS_WHOLE, Record
from tests.redis_server import RedisServer

PUBLISHED = time(6)
"""UTC, at the latest."""


class Jump(NamedTuple):
    """One jump.

    Attributes:
        begin: when it takes place, UTC.
        hours: by how many.
    """

    begin: datetime
    hours: int


def at(day: int, hour: int, minute: int) -> datetime:
    """Give a moment of the two days on which all this takes place."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


JUMPS: Mapping[str, Jump] = {
    "an-hour-ahead": Jump(at(23, 12, 0), 1),
    "an-hour-back": Jump(at(23, 12, 0), -1),
    "ahead-over-midnight": Jump(at(23, 23, 30), 1),
    "back-over-midnight": Jump(at(24, 0, 30), -1),
    "ahead-over-publication": Jump(at(24, 4, 30), 1),
    "back-over-publication": Jump(at(24, 5, 30), -1),
}

QUICK = ("back-over-midnight",)

CHOSEN = tuple(JUMPS) if IS_WHOLE else QUICK

NAMES = (
    "latest-held", "date-held", "range-held", "date-cold", "range-cold", "count-of-held",
    "picture", "other-api-held", "other-api-cold", "secret", "sealed-secret", "attest", "refused",
    "short-token", "tomorrow",
)  # fmt: skip


def asked(jump: Jump) -> tuple[Kind, ...]:
    """Give what is asked, as of the day of the latest picture before the jump."""
    today = latest_published(jump.begin.timestamp())
    tomorrow = today + timedelta(1)
    more = (
        Kind("short-token", "attest", "/attest", token_seconds=300),
        Kind("tomorrow", "record", f"{APOD}?date={tomorrow}", days=(tomorrow,)),
    )
    by_name = {kind.name: kind for kind in (*kinds(today), *more)}
    return tuple(by_name[name] for name in NAMES)


@dataclass(frozen=True, slots=True)
class Row:
    """What was seen.

    Attributes:
        seen: what came of each kind of request after the jump, and how often NASA was asked.
        elsewhere: what came of it at a process that shares a Redis, and whose clock is right.
        back: what came of it when the clock was right again.
        published: what came of the date of tomorrow, once that day's picture was out.
    """

    seen: Mapping[str, tuple[Seen, int]]
    elsewhere: Mapping[str, Seen]
    back: Mapping[str, Seen]
    published: Seen


def observe(service: Service, elsewhere: App, jump: Jump) -> Row:
    """Let the clock jump, ask for everything here and there, and set it right."""
    chosen = asked(jump)
    service.prepare([kind for kind in chosen if kind.state == "held"])
    service.clock.advance(hours=jump.hours)
    seen = {}
    for kind in chosen:
        service.nasa.requests.clear()
        seen[kind.name] = service.app.ask(kind), len(service.nasa.requests)
    there = {kind.name: elsewhere.ask(kind) for kind in chosen}
    service.clock.advance(hours=-jump.hours)
    back = {kind.name: service.app.ask(kind) for kind in chosen}
    (tomorrow,) = chosen[-1].days
    out = datetime.combine(tomorrow, PUBLISHED, UTC)
    service.advance(seconds=out.timestamp() - service.clock.now)
    return Row(seen, there, back, service.app.ask(chosen[-1]))


@pytest.fixture(scope="module", params=CHOSEN)
def jump(request: pytest.FixtureRequest) -> str:
    """Be one jump."""
    return str(request.param)


@pytest.fixture(scope="module")
def row(jump: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Row]:
    """See all of it."""
    folder = tmp_path_factory.mktemp("clock")
    secrets, begin = secrets_file(folder), JUMPS[jump].begin
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder))
        service = stack.enter_context(served(secrets, begin, redis_url=redis.url))
        other = serving_of(service.nasa_url, SettableClock(begin), secrets, redis_url=redis.url)
        elsewhere = App(stack.enter_context(other), service.nasa_clock)
        yield observe(service, elsewhere, JUMPS[jump])


@pytest.mark.parametrize("name", NAMES)
def test_cell(jump: str, name: str, row: Row) -> None:
    """A jump costs some calls at most; nobody sees it elsewhere, and nobody when it is over."""
    kind = next(kind for kind in asked(JUMPS[jump]) if kind.name == name)
    wanted = expected.of_clock(JUMPS[jump].hours, kind)
    seen, calls = row.seen[name]
    assert seen.how in wanted.how
    assert calls <= wanted.calls
    if name == "tomorrow":
        allowed = {"400", "404"}
        assert {row.elsewhere[name].how, row.back[name].how} <= allowed
    else:
        assert row.elsewhere[name].is_well
        assert row.back[name].is_well or (row.back[name].how, kind.state) == ("stale", "held")


def test_next_day(row: Row) -> None:
    """That there was none for a day that had not come is not remembered when it has."""
    assert row.published.is_well


def test_row(jump: str, row: Row, proof: Record) -> None:
    """The table says what was seen."""
    cold = ("date-cold", "range-cold", "picture", "other-api-cold")
    held = ("latest-held", "date-held", "range-held", "other-api-held")
    columns = {
        "clock": jump,
        "held": _hows(row, *held),
        "not held": _hows(row, *cold),
        "secret, /attest": _hows(row, "secret", "sealed-secret", "attest"),
        "token of 5 minutes": _hows(row, "short-token"),
        "date of tomorrow": _hows(row, "tomorrow"),
    }
    proof.row("failures-clock", **columns)
    assert {seen.how for seen, _ in row.seen.values()} & {"500"} == set()


def _hows(row: Row, *names: str) -> str:
    how = " or ".join(sorted({row.seen[name][0].how for name in names}))
    return f"{how}, {max(row.seen[name][1] for name in names)}"
