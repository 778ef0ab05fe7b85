"""NASA and Redis fail together, or NASA just after a restart.

These are the pairs in which one of them is what helps against the other.
"""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import pytest

from proxy.cache import POSTPONE_SECONDS
from standin.faults import Fault
from tests.proof.failures import expected, redis_faults
from tests.proof.failures.asked import ALL, APOD, TODAY, Kind
from tests.proof.failures.judged import App, Seen
from tests.proof.failures.redis_faults import Way
from tests.proof.failures.served import OLD_HOURS, Service, secrets_file, served, serving_of
from tests.proof.record import IS_WHOLE, Record
from tests.redis_server import RedisServer, slowed

RESTARTED = "restarted"
"""In place of a fault of Redis: the process is a new one, and has only what lies in Redis."""

SLOW_SECONDS = 2.0


class Pair(NamedTuple):
    """Two faults.

    Attributes:
        nasa: that of NASA; None, if all its answers are slow.
        redis: that of Redis.
    """

    nasa: Fault | None
    redis: str

    def __str__(self) -> str:
        return f"{self.nasa or 'slow'}+{self.redis}"


PAIRS = (
    Pair(Fault.UNAVAILABLE, "away"),
    Pair(Fault.HANG, "frozen"),
    Pair(None, "full"),
    Pair(None, "away"),
    Pair(Fault.OVER_LIMIT, "away"),
    Pair(Fault.PLACEHOLDER, "poisoned"),
    Pair(Fault.UNAVAILABLE, "emptied"),
    Pair(Fault.UNAVAILABLE, "slow"),
    Pair(Fault.UNAVAILABLE, "full"),
    Pair(Fault.DROP, "read-only"),
    Pair(Fault.UNAVAILABLE, RESTARTED),
    Pair(Fault.HANG, RESTARTED),
)

QUICK = (PAIRS[-2],)

CHOSEN = PAIRS if IS_WHOLE else QUICK


def dated(name: str, days_ago: int) -> Kind:
    """Give the request for a record."""
    day = TODAY - timedelta(days_ago)
    return Kind(name, "record", f"{APOD}?date={day}", days=(day,))


ELSEWHERE = (
    dated("date-elsewhere", 70),
    Kind("old-latest-elsewhere", "record", APOD),
)
"""What another process has asked for: it lies in Redis, within its lifetime and past it."""

OLD = tuple(kind for kind in ALL if kind.name in {"date-old", "range-old"})

HELD = (
    *(kind for kind in ALL if kind.name == "other-api-held"),
    dated("date-held", 60),
)

OTHERS = tuple(
    kind
    for kind in ALL
    if kind.name in {"date-cold", "range-cold", "picture", "other-api-cold"}
    or kind.group in {"secret", "attest", "refused"}
)

KINDS = (*ELSEWHERE, *OLD, *HELD, *OTHERS)


@dataclass(frozen=True, slots=True)
class Row:
    """What was seen while both failed, and after.

    Attributes:
        seen: what came of each kind of request, all asked at once.
        calls: of NASA meanwhile.
        back: what came of each when both were well.
        back_seconds: how long that took by the service's clock.
        waited_seconds: how long it took in fact.
    """

    seen: Mapping[str, Seen]
    calls: int
    back: Mapping[str, Seen]
    back_seconds: int
    waited_seconds: float


def prepare(service: Service, elsewhere: App) -> None:
    """Have something in memory and something in Redis alone, within its lifetime and past it."""
    assert all(service.app.ask(kind).is_well for kind in OLD)
    assert all(elsewhere.ask(kind).is_well for kind in ELSEWHERE)
    service.advance(hours=OLD_HOURS)
    assert all(service.app.ask(kind).is_well for kind in HELD)


def observe(service: Service, app: App, way: Way, pair: Pair) -> Row:
    """Let both fail, ask for everything at once, let both be well, and ask until it works."""
    restarted = pair.redis == RESTARTED
    broken = nullcontext() if restarted else redis_faults.FAULTS[pair.redis](way)
    with broken, ThreadPoolExecutor(len(KINDS)) as pool:
        service.nasa.requests.clear()
        if pair.nasa:
            service.break_nasa(pair.nasa)
        else:
            service.nasa.conditions.latency_seconds = SLOW_SECONDS
        seen = dict(zip((kind.name for kind in KINDS), pool.map(app.ask, KINDS), strict=True))
        calls = len(service.nasa.requests)
    service.nasa.faults.clear()
    service.nasa.conditions.latency_seconds = 0
    back_seconds, began = 0, time.monotonic()
    while True:
        back = {kind.name: app.ask(kind) for kind in KINDS}
        if all(one.is_well for one in back.values()) or back_seconds > 2 * expected.HOUR:
            return Row(seen, calls, back, back_seconds, time.monotonic() - began)
        wait = expected.NASA[pair.nasa].wait_seconds if pair.nasa and not back_seconds else 0
        step = max(wait, expected.STEP_SECONDS)
        service.advance(seconds=step)
        back_seconds += step


@pytest.fixture(scope="module", params=CHOSEN, ids=str)
def pair(request: pytest.FixtureRequest) -> Pair:
    """Be two faults."""
    assert isinstance(request.param, Pair)
    return request.param


@pytest.fixture(scope="module")
def row(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Row]:
    """See all of it."""
    folder = tmp_path_factory.mktemp("together")
    secrets = secrets_file(folder)
    with ExitStack() as stack:
        way = Way(stack.enter_context(RedisServer(folder)))
        port = way.redis.port
        if pair.redis == "slow":
            port = stack.enter_context(slowed(port, lambda: way.seconds))
        redis_url = f"redis://127.0.0.1:{port}"
        service = stack.enter_context(served(secrets, redis_url=redis_url))
        other = serving_of(service.nasa_url, service.clock, secrets, redis_url=redis_url)
        elsewhere = App(stack.enter_context(other), service.nasa_clock)
        prepare(service, elsewhere)
        app = service.app
        if pair.redis == RESTARTED:
            anew = serving_of(service.nasa_url, service.clock, secrets, redis_url=redis_url)
            app = App(stack.enter_context(anew), service.nasa_clock)
        yield observe(service, app, way, pair)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_cell(pair: Pair, kind: Kind, row: Row) -> None:
    """Each request comes out as it has to: what is held anywhere within reach is served."""
    seen = row.seen[kind.name]
    wanted = expected.of_both(pair.nasa, pair.redis, kind)
    assert seen.how in wanted.how
    assert seen.seconds < wanted.seconds
    assert row.back[kind.name].is_well


def test_back(pair: Pair, row: Row) -> None:
    """When both are well all is, within the time for which NASA is set aside; calls were few."""
    wait = expected.NASA[pair.nasa].wait_seconds if pair.nasa else 0
    assert row.back_seconds <= wait + expected.STEP_SECONDS + POSTPONE_SECONDS
    assert row.waited_seconds < expected.REDIS_BACK_SECONDS
    assert row.calls <= expected.CALLS_TOGETHER


def test_row(pair: Pair, row: Row, proof: Record) -> None:
    """The table says what was seen."""
    columns = {
        "NASA": f"`{pair.nasa}`" if pair.nasa else "2 s late",
        "Redis": pair.redis,
        "held": row.seen["date-held"].how,
        "past its lifetime": _hows(row, *(kind.name for kind in OLD)),
        "in Redis alone": _hows(row, "date-elsewhere"),
        "there, past its lifetime": _hows(row, "old-latest-elsewhere"),
        "not held": _hows(row, "date-cold", "range-cold"),
        "secret": _hows(row, "secret", "sealed-secret"),
        "calls": row.calls,
        "back after": f"{row.back_seconds} s",
    }
    proof.row("failures-together", **columns)
    assert row.seen["attest"].how == "204"


def _hows(row: Row, *names: str) -> str:
    return " or ".join(sorted({row.seen[name].how for name in names}))
