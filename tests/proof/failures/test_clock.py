"""The clock of a service jumps, and that of everybody else does not, times each kind of request."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

import pytest

from standin.calendar import SettableClock, latest_published
from tests.proof.failures.asked import Kind, dated, kinds
from tests.proof.failures.expected.clock import LATE, of_clock
from tests.proof.failures.judged import App, Seen
from tests.proof.failures.served import Service, secrets_file, served, serving_of
from tests.proof.failures.table import Row
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
    "latest-held", "date-held", "range-held", "open-range-held", "extras-held", "date-cold",
    "range-cold", "count-of-held", "count-of-more", "picture", "other-api-held", "other-api-cold",
    "secret", "sealed-secret", "attest", "refused", "short-token", "tomorrow",
)  # fmt: skip


def asked(jump: Jump) -> tuple[Kind, ...]:
    """Give what is asked, as of the day of the latest picture before the jump."""
    today = latest_published(jump.begin.timestamp())
    tomorrow = today + timedelta(1)
    more = (
        Kind("short-token", "attest", "/attest", token_seconds=300),
        dated("tomorrow", tomorrow),
    )
    by_name = {kind.name: kind for kind in (*kinds(today), *more)}
    return tuple(by_name[name] for name in NAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRow(Row):
    """What was seen after the jump, and when the clock was right again.

    Attributes:
        elsewhere: what came of each at a process that shares a Redis, and whose clock is right.
        published: what came of the date of tomorrow, once that day's picture was out.
    """

    elsewhere: Mapping[str, Seen]
    published: Seen


def observe(service: Service, elsewhere: App, jump: Jump) -> ClockRow:
    """Let the clock jump, ask for everything here and there, and set it right."""
    chosen = asked(jump)
    service.prepare([kind for kind in chosen if kind.state == "held"])
    service.clock.advance(hours=jump.hours)
    seen = {kind.name: service.ask(kind) for kind in chosen}
    there = {kind.name: elsewhere.ask(kind) for kind in chosen}
    service.clock.advance(hours=-jump.hours)
    back = {kind.name: service.app.ask(kind) for kind in chosen}
    (tomorrow,) = chosen[-1].days
    out = datetime.combine(tomorrow, PUBLISHED, UTC)
    service.advance(seconds=out.timestamp() - service.clock.now)
    published = service.app.ask(chosen[-1])
    return ClockRow(seen=seen, elsewhere=there, back=back, published=published)


@pytest.fixture(scope="module", params=CHOSEN)
def jump(request: pytest.FixtureRequest) -> str:
    """Be one jump."""
    return str(request.param)


@pytest.fixture(scope="module")
def row(jump: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClockRow]:
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
def test_cell(jump: str, name: str, row: ClockRow) -> None:
    """A jump costs some calls at most; nobody sees it elsewhere, and nobody when it is over."""
    kind = next(kind for kind in asked(JUMPS[jump]) if kind.name == name)
    wanted = of_clock(JUMPS[jump].hours, kind)
    assert row.seen[name].how in wanted.how
    assert row.seen[name].calls <= wanted.calls + LATE
    if name == "tomorrow":
        allowed = {"400", "404"}
        assert {row.elsewhere[name].how, row.back[name].how} <= allowed
    else:
        assert row.elsewhere[name].is_well
        assert row.back[name].is_well or (row.back[name].how, kind.state) == ("stale", "held")


def test_calls(jump: str, row: ClockRow) -> None:
    """On the whole NASA is asked for no more than is new, or to be renewed."""
    seen = row.seen.values()
    most = sum(of_clock(JUMPS[jump].hours, one.kind).calls for one in seen)
    assert sum(one.calls for one in seen) <= most


def test_next_day(row: ClockRow) -> None:
    """That there was none for a day that had not come is not remembered when it has."""
    assert row.published.is_well


def test_row(jump: str, row: ClockRow, proof: Record) -> None:
    """The table says what was seen."""
    cold = ("date-cold", "range-cold", "picture", "other-api-cold")
    held = [name for name in NAMES if name.endswith("held") and name != "count-of-held"]
    columns = {
        "clock": jump,
        "held": row.hows_and_calls(*held),
        "not held": row.hows_and_calls(*cold),
        "secret, /attest": row.hows_and_calls("secret", "sealed-secret", "attest"),
        "token of 5 minutes": row.hows_and_calls("short-token"),
        "date of tomorrow": row.hows_and_calls("tomorrow"),
    }
    proof.row("failures-clock", **columns)
    assert "500" not in {seen.how for seen in row.seen.values()}
