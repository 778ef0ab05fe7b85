"""A process that may open nothing more does not hold NASA for broken."""

from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

from tests.machines.conftest import Platform
from tests.proof.failures.asked import dated
from tests.proof.failures.process_faults import no_descriptors
from tests.redis_server import RedisServer

FIRST = date(2021, 10, 1)

MORE_THAN_OPEN_A_BREAKER = 5


def test_back_at_once(redis: RedisServer, tmp_path: Path) -> None:
    """However often NASA could not be asked for that reason, it is as soon as it can."""
    days = (FIRST + timedelta(n) for n in range(MORE_THAN_OPEN_A_BREAKER + 1))
    kinds = [dated("date", day) for day in days]
    with ExitStack() as stack:
        scene = no_descriptors(Platform(stack, tmp_path, redis), tmp_path, stack)
        scene.begin()
        seen = [scene.ask(kind) for kind in kinds[:-1]]
        back = scene.end()(kinds[-1])
    assert {one.how for one in seen} == {"503"}
    assert max(one.seconds for one in seen) < 0.5
    assert back.how == "new"
