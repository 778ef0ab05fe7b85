"""A process of the service fails in each way there is, times each kind of request."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from proxy.freshness import latest_published
from tests.machines.conftest import Platform
from tests.proof.failures import expected, process_faults
from tests.proof.failures.asked import Kind, kinds
from tests.proof.failures.judged import Seen
from tests.proof.failures.process_faults import Ask, Scene
from tests.proof.record import IS_WHOLE, Record
from tests.redis_server import RedisServer

QUICK = ("log-reader-stalls",)
"""`tests/machines` has others in every run."""

FAULTS = tuple(process_faults.FAULTS) if IS_WHOLE else QUICK

NAMES = (
    "latest-held", "date-held", "range-held", "date-cold", "range-cold", "count-of-held",
    "picture", "other-api-held", "other-api-cold", "secret", "sealed-secret", "attest", "refused",
)  # fmt: skip


def asked() -> tuple[Kind, ...]:
    """Give the kinds of requests, as of today: real processes have the real clock."""
    by_name = {kind.name: kind for kind in kinds(latest_published(time.time()))}
    return tuple(by_name[name] for name in NAMES)


KINDS = asked()


@dataclass(frozen=True, slots=True)
class Row:
    """What was seen while a process failed, and after.

    Attributes:
        seen: what came of each kind of request, where it could be answered.
        broken: likewise, at the process that failed, if that was another place.
        calls: of NASA meanwhile.
        back: what came of each when the fault had ended.
        back_seconds: how long that took.
    """

    seen: Mapping[str, Seen]
    broken: Mapping[str, Seen]
    calls: int
    back: Mapping[str, Seen]
    back_seconds: float


def observe(platform: Platform, scene: Scene, kinds: Sequence[Kind]) -> Row:
    """Let a process fail, ask for everything, end that, and ask until it works."""
    for app in scene.apps:
        for kind in kinds:
            if kind.state == "held":
                assert app.ask(kind).is_well
    before = platform.nasa.calls()
    with ThreadPoolExecutor(2 * len(kinds)) as pool:
        if scene.is_under_way:
            platform.nasa.change(latency_seconds=expected.NASA_SECONDS)
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
    back = _back(ask, kinds, began + 2 * expected.PROCESS_BACK_SECONDS)
    return Row(seen, broken, calls, back, time.monotonic() - began)


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
def row(fault: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Row]:
    """See all of it."""
    folder = tmp_path_factory.mktemp("process")
    with ExitStack() as stack:
        redis = stack.enter_context(RedisServer(folder))
        platform = Platform(stack, folder, redis)
        scene = process_faults.FAULTS[fault](platform, folder, stack)
        yield observe(platform, scene, KINDS)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_cell(fault: str, kind: Kind, row: Row) -> None:
    """Each request comes out as it has to where it can, and is never answered wrongly elsewhere."""
    seen, wanted = row.seen[kind.name], expected.of_process(fault, kind)
    assert seen.how in wanted.how
    assert seen.seconds < wanted.seconds
    if row.broken:
        assert row.broken[kind.name].how in expected.of_broken(fault, kind)
    assert row.back[kind.name].is_well


def test_back(fault: str, row: Row) -> None:
    """Soon after its end all is as ever, and meanwhile NASA has been asked for little."""
    assert row.back_seconds < expected.PROCESS[fault].back_seconds
    assert row.calls <= sum(expected.of_process(fault, kind).calls for kind in KINDS)


def test_row(fault: str, row: Row, proof: Record) -> None:
    """The table says what was seen."""
    secrets = ("secret", "sealed-secret")
    cold = ("date-cold", "range-cold", "picture", "other-api-cold")
    columns = {
        "process": fault,
        "held": _hows(row.seen, *(name for name in row.seen if "held" in name)),
        "not held, picture, other API": _hows(row.seen, *cold),
        "secret": _hows(row.seen, *secrets),
        "answered within": f"{max(one.seconds for one in row.seen.values()):.2f} s",
        "calls of NASA": row.calls,
        "at the process itself": _hows(row.broken, *row.broken) if row.broken else "",
        "back after": f"{row.back_seconds:.1f} s",
    }
    proof.row("failures-process", **columns)
    assert row.back_seconds < expected.PROCESS[fault].back_seconds


def _hows(seen: Mapping[str, Seen], *names: str) -> str:
    return " or ".join(sorted({seen[name].how for name in names}))
