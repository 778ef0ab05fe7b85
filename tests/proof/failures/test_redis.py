"""Redis fails in each way there is, times each kind of request."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta

import httpx
import pytest

from proxy.store import PREFIX as RECORDS
from tests.proof.failures import redis_faults
from tests.proof.failures.asked import ALL, TODAY, Kind, dated
from tests.proof.failures.expected.redis import BACK_SECONDS, REDIS_SECONDS, of_redis
from tests.proof.failures.judged import App
from tests.proof.failures.redis_faults import Way
from tests.proof.failures.served import Service, secrets_file, served, serving_of
from tests.proof.failures.table import Row
from tests.proof.record import IS_WHOLE, Record
from tests.redis_server import RedisServer, slowed

QUICK = ("away", "strange")

FAULTS = tuple(redis_faults.FAULTS) if IS_WHOLE else QUICK

NAMES = (
    "latest-held", "date-held", "range-held", "open-range-held", "extras-held", "date-cold",
    "range-cold", "count-of-held", "count-of-more", "picture", "other-api-held", "other-api-cold",
    "secret", "sealed-secret", "attest", "refused",
)  # fmt: skip
"""All but those about what is old, which has nothing to do with Redis as long as NASA is well, and
those that ask for days which others have asked for already."""

KINDS = (
    *(kind for kind in ALL if kind.name in NAMES),
    dated("date-elsewhere", TODAY - timedelta(40)),
)


NEXT_DAYS = tuple(TODAY + timedelta(n) for n in range(1, 4))
"""Which nobody can have by chance. On a busy machine Redis may be too late for one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisRow(Row):
    """What was seen while Redis failed, and after.

    Attributes:
        is_stored: whether Redis then has what was asked for.
    """

    is_stored: bool


def observe(service: Service, way: Way, url: str, fault: str) -> RedisRow:
    """Let Redis fail, ask for everything, let it be well, and ask until it works."""
    app = service.app
    service.prepare([kind for kind in KINDS if kind.state == "held"])
    assert App(url, service.clock).ask(KINDS[-1]).how == "new"  # another process
    assert all(app.ask(kind).is_well for kind in KINDS if kind.group == "secret")
    with redis_faults.FAULTS[fault](way):
        seen = {kind.name: service.ask(kind) for kind in KINDS}
    began = time.monotonic()
    while time.monotonic() < began + 2 * BACK_SECONDS:
        back = {kind.name: app.ask(kind) for kind in KINDS}
        probe = httpx.get(f"{app.url}/readyz", trust_env=False).text
        if probe == "ok\n" and all(one.is_well for one in back.values()):
            break
    back_seconds = time.monotonic() - began
    is_stored = any(_is_stored(service, way.redis, day) for day in NEXT_DAYS)
    return RedisRow(seen=seen, back=back, back_seconds=back_seconds, is_stored=is_stored)


def _is_stored(service: Service, redis: RedisServer, day: date) -> bool:
    """Ask for the next day's record, and wait for it: it is kept after the answer has gone out."""
    service.advance(days=1)
    assert service.app.ask(dated("next-day", day)).is_well
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
def row(fault: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisRow]:
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
def test_cell(fault: str, kind: Kind, row: RedisRow) -> None:
    """Each request comes out as it has to, is hardly slower, and costs no more than it may."""
    seen, wanted = row.seen[kind.name], of_redis(fault, kind)
    assert seen.how in wanted.how
    assert seen.calls <= wanted.calls
    assert seen.seconds < wanted.seconds


def test_back(row: RedisRow) -> None:
    """Soon after its end Redis is used again, and all is as ever."""
    assert row.back_seconds < BACK_SECONDS
    assert all(one.is_well for one in row.back.values())
    assert row.is_stored


def test_row(fault: str, row: RedisRow, proof: Record) -> None:
    """The table says what was seen."""
    held = [kind.name for kind in KINDS if kind.group == "record" and kind.state == "held"]
    held.remove("count-of-held")
    slowest = max(one.seconds for one in row.seen.values() if one.kind.group != "secret")
    proof.row(
        "failures-redis",
        Redis=fault,
        held=row.hows_and_calls(*held),
        in_Redis_alone=row.hows_and_calls("date-elsewhere"),
        not_held=row.hows_and_calls("date-cold", "range-cold"),
        count=row.hows_and_calls("count-of-held"),
        count_of_more=row.hows_and_calls("count-of-more"),
        picture_and_other_API=row.hows_and_calls("picture", "other-api-cold"),
        slowest_of_these=f"{slowest * 1000:.0f} ms",
        secret=row.hows_and_calls("secret", "sealed-secret"),
        after_at_most=f"{max(one.seconds for one in row.seen.values()):.2f} s",
        back_after=f"{row.back_seconds:.1f} s",
    )
    assert slowest < REDIS_SECONDS
