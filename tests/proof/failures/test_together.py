"""NASA and Redis fail together, or NASA just after a restart, or all three.

These are the cases in which one of them is what helps against the other. Where NASA is slow, Redis
gone and a process killed or frozen, see `test_process`.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import pytest

from standin.faults import Fault
from tests.proof.failures import redis_faults
from tests.proof.failures.asked import ALL, APOD, TODAY, Kind, dated
from tests.proof.failures.expected.nasa import NASA, POSTPONE_SECONDS
from tests.proof.failures.expected.redis import BACK_SECONDS
from tests.proof.failures.expected.together import of_both
from tests.proof.failures.judged import App
from tests.proof.failures.redis_faults import Way
from tests.proof.failures.served import OLD_HOURS, Service, secrets_file, served, serving_of
from tests.proof.failures.table import Row
from tests.proof.record import IS_WHOLE, Record
from tests.redis_server import RedisServer, slowed

SLOW_SECONDS = 2.0

STEP_SECONDS = 30
"""After which is asked again, by the service's clock."""

MOST_STEPS = 100


class Case(NamedTuple):
    """What fails together.

    Attributes:
        nasa: its fault; None, if all its answers are slow.
        redis: its fault, if it has one.
        is_new: whether the process is started anew then, and has only what lies in Redis.
    """

    nasa: Fault | None
    redis: str | None = None
    is_new: bool = False

    def __str__(self) -> str:
        return "+".join([self.nasa or "slow", *self.others()])

    def others(self) -> list[str]:
        """Name what is the matter besides NASA."""
        return [*([self.redis] if self.redis else []), *(["restarted"] if self.is_new else [])]


CASES = (
    Case(Fault.UNAVAILABLE, "away"),
    Case(Fault.HANG, "frozen"),
    Case(None, "full"),
    Case(None, "away"),
    Case(Fault.OVER_LIMIT, "away"),
    Case(Fault.PLACEHOLDER, "poisoned"),
    Case(Fault.UNAVAILABLE, "emptied"),
    Case(Fault.UNAVAILABLE, "slow"),
    Case(Fault.UNAVAILABLE, "full"),
    Case(Fault.DROP, "read-only"),
    Case(Fault.UNAVAILABLE, is_new=True),
    Case(Fault.HANG, is_new=True),
    Case(Fault.UNAVAILABLE, "away", is_new=True),
    Case(Fault.HANG, "frozen", is_new=True),
    Case(None, "away", is_new=True),
    Case(Fault.UNAVAILABLE, "full", is_new=True),
)

QUICK = (Case(Fault.UNAVAILABLE, is_new=True), Case(Fault.UNAVAILABLE, "away", is_new=True))

CHOSEN = CASES if IS_WHOLE else QUICK


ELSEWHERE = (
    dated("date-elsewhere", TODAY - timedelta(70)),
    Kind("old-latest-elsewhere", "record", APOD),
)
"""What another process has asked for: it lies in Redis, within its lifetime and past it."""

OLD = tuple(kind for kind in ALL if kind.name in {"date-old", "range-old", "extras-old"})

HELD = (
    *(kind for kind in ALL if kind.name == "other-api-held"),
    dated("date-held", TODAY - timedelta(60)),
)

OTHERS = tuple(
    kind
    for kind in ALL
    if kind.name in {"date-cold", "range-cold", "picture", "other-api-cold"}
    or kind.group in {"secret", "attest", "refused"}
)

KINDS = (*ELSEWHERE, *OLD, *HELD, *OTHERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TogetherRow(Row):
    """What was seen while all that failed, each asked at once, and after.

    Attributes:
        calls: of NASA meanwhile.
        waited_seconds: how long it took in fact, where `back_seconds` are by the service's clock.
    """

    calls: int
    waited_seconds: float


Start = Callable[[], App]
"""Starts a new process."""


def prepare(service: Service, elsewhere: App) -> None:
    """Have something in memory and something in Redis alone, within its lifetime and past it."""
    assert all(service.app.ask(kind).is_well for kind in OLD)
    assert all(elsewhere.ask(kind).is_well for kind in ELSEWHERE)
    service.advance(hours=OLD_HOURS)
    assert all(service.app.ask(kind).is_well for kind in HELD)


def observe(service: Service, anew: Start, way: Way, case: Case) -> TogetherRow:
    """Let all fail, ask for everything at once, let all be well, and ask until it works."""
    broken = redis_faults.FAULTS[case.redis](way) if case.redis else nullcontext()
    with broken, ThreadPoolExecutor(len(KINDS)) as pool:
        app = anew() if case.is_new else service.app
        service.nasa.requests.clear()
        if case.nasa:
            service.break_nasa(case.nasa)
        else:
            service.nasa.conditions.latency_seconds = SLOW_SECONDS
        seen = dict(zip((kind.name for kind in KINDS), pool.map(app.ask, KINDS), strict=True))
        calls = len(service.nasa.requests)
    service.nasa.faults.clear()
    service.nasa.conditions.latency_seconds = 0
    back_seconds, began = 0, time.monotonic()
    for _ in range(MOST_STEPS):
        back = {kind.name: app.ask(kind) for kind in KINDS}
        if all(one.is_well for one in back.values()):
            break
        step = max(0 if back_seconds else wait_of(case), STEP_SECONDS)
        service.advance(seconds=step)
        back_seconds += step
    return TogetherRow(
        seen=seen,
        calls=calls,
        back=back,
        back_seconds=back_seconds,
        waited_seconds=time.monotonic() - began,
    )


def wait_of(case: Case) -> int:
    """Give the seconds that NASA itself asks to wait."""
    return NASA[case.nasa].wait_seconds if case.nasa else 0


@pytest.fixture(scope="module", params=CHOSEN, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    """Be what fails."""
    assert isinstance(request.param, Case)
    return request.param


@pytest.fixture(scope="module")
def row(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TogetherRow]:
    """See all of it."""
    folder = tmp_path_factory.mktemp("together")
    secrets = secrets_file(folder)
    with ExitStack() as stack:
        way = Way(stack.enter_context(RedisServer(folder)))
        port = way.redis.port
        if case.redis == "slow":
            port = stack.enter_context(slowed(port, lambda: way.seconds))
        redis_url = f"redis://127.0.0.1:{port}"
        service = stack.enter_context(served(secrets, redis_url=redis_url))
        other = serving_of(service.nasa_url, service.clock, secrets, redis_url=redis_url)
        elsewhere = App(stack.enter_context(other), service.nasa_clock)
        prepare(service, elsewhere)

        def anew() -> App:
            again = serving_of(service.nasa_url, service.clock, secrets, redis_url=redis_url)
            return App(stack.enter_context(again), service.nasa_clock)

        yield observe(service, anew, way, case)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_cell(case: Case, kind: Kind, row: TogetherRow) -> None:
    """Each request comes out as it has to: what is held anywhere within reach is served."""
    seen = row.seen[kind.name]
    wanted = of_both(case.nasa, case.redis, kind, is_new=case.is_new)
    assert seen.how in wanted.how
    assert seen.seconds < wanted.seconds
    assert row.back[kind.name].is_well


def test_back(case: Case, row: TogetherRow) -> None:
    """When all are well all is, within the time for which NASA is set aside; calls were few."""
    assert row.back_seconds <= wait_of(case) + STEP_SECONDS + POSTPONE_SECONDS
    assert row.waited_seconds < BACK_SECONDS
    wanted = (of_both(case.nasa, case.redis, kind, is_new=case.is_new) for kind in KINDS)
    assert row.calls <= sum(one.calls for one in wanted)


def test_row(case: Case, row: TogetherRow, proof: Record) -> None:
    """The table says what was seen."""
    columns = {
        "NASA": f"`{case.nasa}`" if case.nasa else "2 s late",
        "Redis": ", ".join(case.others()),
        "held": row.hows("date-held"),
        "past its lifetime": row.hows(*(kind.name for kind in OLD)),
        "in Redis alone": row.hows("date-elsewhere"),
        "there, past its lifetime": row.hows("old-latest-elsewhere"),
        "not held": row.hows("date-cold", "range-cold"),
        "secret": row.hows("secret", "sealed-secret"),
        "calls": row.calls,
        "back after": f"{row.back_seconds} s",
    }
    proof.row("failures-together", **columns)
    assert row.seen["attest"].how == "204"
