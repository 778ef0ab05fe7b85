"""A process of the service fails in each way there is, times each kind of request."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from standin.calendar import latest_published
from tests.machines.conftest import Platform
from tests.proof.failures import process_faults
from tests.proof.failures.asked import Kind, kinds
from tests.proof.failures.expected.process import NASA_SECONDS, PROCESS, of_broken, of_process
from tests.proof.failures.judged import Seen
from tests.proof.failures.process_faults import Ask, Scene
from tests.proof.failures.table import Row, hows
from tests.proof.record import IS_WHOLE, Record
from tests.redis_server import RedisServer

QUICK = ("log-reader-stalls",)
"""`tests/machines` has others in every run."""

FAULTS = tuple(process_faults.FAULTS) if IS_WHOLE else QUICK

NAMES = (
    "latest-held", "date-held", "range-held", "open-range-held", "extras-held", "date-cold",
    "range-cold", "count-of-held", "count-of-more", "picture", "other-api-held", "other-api-cold",
    "secret", "sealed-secret", "attest", "refused",
)  # fmt: skip
"""All but those about what is old: real processes have the real clock."""

BACK_SECONDS = 20.0
"""For which is asked until all is well."""


def asked() -> tuple[Kind, ...]:
    """Give the kinds of requests, as of today."""
    by_name = {kind.name: kind for kind in kinds(latest_published(time.time()))}
    return tuple(by_name[name] for name in NAMES)


KINDS = asked()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessRow(Row):
    """What was seen where it could be answered while a process failed, and after.

    Attributes:
        broken: what came of each at the process that failed, if that was another place.
        calls: of NASA for records meanwhile.
    """

    broken: Mapping[str, Seen]
    calls: int


def observe(platform: Platform, scene: Scene, kinds: Sequence[Kind]) -> ProcessRow:
    """Let a process fail, ask for everything, end that, and ask until it works."""
    for app in scene.apps:
        for kind in kinds:
            if kind.state == "held":
                assert app.ask(kind).is_well
    before = platform.nasa.calls()
    with ThreadPoolExecutor(2 * len(kinds)) as pool:
        if scene.is_under_way:
            platform.nasa.change(latency_seconds=NASA_SECONDS)
            under_way = all_of(scene.ask_broken, kinds, pool)
            _until_asked(platform, before)
            scene.begin()
            seen = {name: one.result() for name, one in all_of(scene.ask, kinds, pool).items()}
        else:
            scene.begin()
            under_way = all_of(scene.ask_broken, kinds, pool)
            seen = {kind.name: scene.ask(kind) for kind in kinds}
        calls = platform.nasa.calls() - before
        began = time.monotonic()
        ask = scene.end()
        broken = {name: one.result() for name, one in under_way.items()}
    platform.nasa.change(latency_seconds=0)
    back = _back(ask, kinds, began + BACK_SECONDS)
    seconds = time.monotonic() - began
    return ProcessRow(seen=seen, broken=broken, calls=calls, back=back, back_seconds=seconds)


def all_of(
    ask: Ask | None, kinds: Sequence[Kind], pool: ThreadPoolExecutor
) -> dict[str, Future[Seen]]:
    """Ask for everything at once, if there is anywhere to ask."""
    return {kind.name: pool.submit(ask, kind) for kind in kinds} if ask else {}


def _until_asked(platform: Platform, before: int) -> None:
    """Wait until NASA has been asked for the record and the range that are not held."""
    for _ in range(1000):
        if platform.nasa.calls() >= before + 2:
            return
        time.sleep(0.01)
    raise AssertionError("NASA was not asked")


def _back(ask: Ask, kinds: Sequence[Kind], deadline: float) -> dict[str, Seen]:
    """Ask for everything, and for what does not work again and again."""
    back = {}
    for kind in kinds:
        back[kind.name] = ask(kind)
        while not back[kind.name].is_well and time.monotonic() < deadline:
            time.sleep(0.05)
            back[kind.name] = ask(kind)
    return back


@pytest.fixture(scope="module", params=FAULTS)
def fault(request: pytest.FixtureRequest) -> str:
    """Be one way to fail."""
    return str(request.param)


@pytest.fixture(scope="module")
def row(fault: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessRow]:
    """See all of it."""
    folder = tmp_path_factory.mktemp("process")
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder))
        platform = Platform(stack, folder, redis)
        scene = process_faults.FAULTS[fault](platform, folder, stack)
        yield observe(platform, scene, KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_cell(fault: str, kind: Kind, row: ProcessRow) -> None:
    """Each request comes out as it has to where it can, and is never answered wrongly elsewhere."""
    seen, wanted = row.seen[kind.name], of_process(fault, kind)
    assert seen.how in wanted.how
    assert seen.seconds < wanted.seconds
    if row.broken:
        assert row.broken[kind.name].how in of_broken(fault, kind)
    assert row.back[kind.name].is_well


def test_back(fault: str, row: ProcessRow) -> None:
    """Soon after its end all is as ever, and meanwhile NASA has been asked for little."""
    assert row.back_seconds < PROCESS[fault].back_seconds
    assert row.calls <= sum(of_process(fault, kind).calls for kind in KINDS)


def test_row(fault: str, row: ProcessRow, proof: Record) -> None:
    """The table says what was seen."""
    secrets = ("secret", "sealed-secret")
    cold = ("date-cold", "range-cold", "count-of-more", "picture", "other-api-cold")
    columns = {
        "process": fault,
        "held": row.hows(*(name for name in NAMES if "held" in name)),
        "not held, picture, other API": row.hows(*cold),
        "secret": row.hows(*secrets),
        "answered within": f"{max(one.seconds for one in row.seen.values()):.2f} s",
        "calls of NASA": row.calls,
        "at the process itself": hows(row.broken),
        "back after": f"{row.back_seconds:.1f} s",
    }
    proof.row("failures-process", **columns)
    assert row.back_seconds < PROCESS[fault].back_seconds
