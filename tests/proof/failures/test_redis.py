"""Redis fails in each way there is, times each kind of request."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from proxy.store import PREFIX as RECORDS
from tests.proof.failures import expected, redis_faults
from tests.proof.failures.asked import ALL, APOD, TODAY, Kind
from tests.proof.failures.judged import App, Seen
from tests.proof.failures.redis_faults import Way
from tests.proof.failures.served import Service, secrets_file, served, serving_of
from tests.proof.record import IS_WHOLE, Record
from tests.redis_server import RedisServer, slowed

QUICK = ("away", "strange")

FAULTS = tuple(redis_faults.FAULTS) if IS_WHOLE else QUICK

SHARED = TODAY - timedelta(40)

NAMES = (
    "latest-held", "date-held", "range-held", "date-cold", "range-cold", "count-of-held",
    "picture", "other-api-held", "other-api-cold", "secret", "sealed-secret", "attest", "refused",
)  # fmt: skip
"""All but those about what is old, which has nothing to do with Redis as long as NASA is well."""

KINDS = (
    *(kind for kind in ALL if kind.name in NAMES),
    Kind("date-elsewhere", "record", f"{APOD}?date={SHARED}", days=(SHARED,)),
)


@dataclass(frozen=True, slots=True)
class Row:
    """What was seen while Redis failed, and after.

    Attributes:
        seen: what came of each kind of request, and how often NASA was asked for it.
        after: what came of some of them when all was well again.
        back_seconds: how long that took.
        is_stored: whether Redis then has what was asked for.
    """

    seen: Mapping[str, tuple[Seen, int]]
    after: Mapping[str, Seen]
    back_seconds: float
    is_stored: bool


def observe(service: Service, way: Way, url: str, fault: str) -> Row:
    """Let Redis fail, ask for everything, let it be well, and ask until it works."""
    app = service.app
    service.prepare([kind for kind in KINDS if kind.state == "held"])
    assert App(url, service.clock).ask(KINDS[-1]).how == "new"  # another process
    assert all(app.ask(kind).is_well for kind in KINDS if kind.group == "secret")
    seen = {}
    with redis_faults.FAULTS[fault](way):
        for kind in KINDS:
            service.nasa.requests.clear()
            seen[kind.name] = app.ask(kind), len(service.nasa.requests)
    began = time.monotonic()
    secrets = [kind for kind in KINDS if kind.group == "secret"]
    while time.monotonic() < began + 2 * expected.REDIS_BACK_SECONDS:
        after = {kind.name: app.ask(kind) for kind in secrets}
        probe = httpx.get(f"{app.url}/readyz", trust_env=False).text
        if probe == "ok\n" and all(one.is_well for one in after.values()):
            break
    back_seconds = time.monotonic() - began
    late = TODAY - timedelta(300)
    after["late"] = app.ask(Kind("late", "record", f"{APOD}?date={late}", days=(late,)))
    return Row(seen, after, back_seconds, is_stored=_comes(way.redis, late.isoformat()))


def _comes(redis: RedisServer, day: str) -> bool:
    """Wait for a record, which is kept after the answer has gone out."""
    for _ in range(200):
        if redis.client.exists(f"{RECORDS}{day}"):
            return True
        time.sleep(0.01)
    return False


@pytest.fixture(scope="module", params=FAULTS)
def fault(request: pytest.FixtureRequest) -> str:
    """Be one way to fail."""
    return str(request.param)


@pytest.fixture(scope="module")
def row(fault: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Row]:
    """See all of it, with a service and another process that share a Redis."""
    folder = tmp_path_factory.mktemp("redis")
    secrets = secrets_file(folder)
    with ExitStack() as stack:
        way = Way(stack.enter_context(RedisServer(folder)))
        port = way.redis.port
        if fault == "slow":
            port = stack.enter_context(slowed(port, lambda: way.seconds))
        redis_url = f"redis://127.0.0.1:{port}"
        service = stack.enter_context(served(secrets, redis_url=redis_url))
        other = serving_of(service.nasa_url, service.clock, secrets, redis_url=redis_url)
        yield observe(service, way, stack.enter_context(other), fault)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_cell(fault: str, kind: Kind, row: Row) -> None:
    """Each request comes out as it has to, is hardly slower, and costs no more than it may."""
    seen, calls = row.seen[kind.name]
    wanted = expected.of_redis(fault, kind)
    assert seen.how in wanted.how
    assert calls <= wanted.calls
    assert seen.seconds < wanted.seconds


def test_back(row: Row) -> None:
    """Soon after its end Redis is used again, and all is as ever."""
    assert row.back_seconds < expected.REDIS_BACK_SECONDS
    assert {one.is_well for one in row.after.values()} == {True}
    assert row.is_stored


def test_row(fault: str, row: Row, proof: Record) -> None:
    """The table says what was seen."""
    records = [name for name in row.seen if name.split("-")[0] in {"latest", "date", "range"}]
    rest = [name for name in row.seen if name not in records and "secret" not in name]
    slowest = max(row.seen[name][0].seconds for name in (*records, *rest))
    proof.row(
        "failures-redis",
        Redis=fault,
        held=_hows(row, *(name for name in records if "held" in name)),
        in_Redis_alone=_hows(row, "date-elsewhere"),
        not_held=_hows(row, "date-cold", "range-cold"),
        count=_hows(row, "count-of-held"),
        picture_and_other_API=_hows(row, "picture", "other-api-cold"),
        slowest_of_these=f"{slowest * 1000:.0f} ms",
        secret=_hows(row, "secret", "sealed-secret"),
        after_at_most=f"{max(row.seen[name][0].seconds for name in row.seen):.2f} s",
        back_after=f"{row.back_seconds:.1f} s",
    )
    assert slowest < expected.REDIS_SECONDS


def _hows(row: Row, *names: str) -> str:
    how = " or ".join(sorted({row.seen[name][0].how for name in names}))
    return f"{how}, {max(row.seen[name][1] for name in names)}"
