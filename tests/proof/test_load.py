"""Minutes of load while NASA's faults come and go: each answer is compared with the archive."""

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from tests.proof.judge import Judge
from tests.proof.loaded_service import SECRET, Service, service
from tests.proof.mix import Mix
from tests.proof.pacing import MOST_CONNECTIONS, Came, Pool
from tests.proof.record import IS_WHOLE, Record, scaled
from tests.proof.watch import Slope, Watch, descriptors, falls_to

T = TypeVar("T")

LINES = 32
SHARE = 0.7
"""Of the capacity."""

CAPACITY_SECONDS = scaled(1, 10)
QUIET_SECONDS = scaled(1, 60)
FAULTY_SECONDS = scaled(3, 240)
SPELL_SECONDS = scaled(1, 8)

CHANGES = scaled(0, 350_000)
"""Clients never seen before, after which a process's memory is as it stays. It counts for 100,000
of them, and remembers 20,000 tokens; the rest goes into what their coming and going leaves
between."""

FILL_SECONDS = 600

TIMES_QUIET = 3
QUICK_SLACK_SECONDS = 1.0
"""A run of a few seconds beside others proves answers, not times: so much may be between."""

LEAST_KEPT_BYTES = 32
"""A number, and the place for it in a list: what keeps anything of each request grows by more."""

RECORD_BYTES = 4_000
"""A record that is held, in every form in which it is kept ready."""

KEPT_CONNECTIONS = 10
"""To NASA, which stay open for a while."""

OWN_CONNECTIONS = 45
"""To NASA and to Redis, at most: twice 20, and some."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a load has shown."""

    capacity: float
    busy: float
    quiet: Came
    faulty: Came
    explained: dict[int, int]
    only_elsewhere: int
    slope: Slope
    new_records: int
    before: int
    most: int
    after: int

    @property
    def requests(self) -> int:
        """How many were made while it was looked at."""
        return len(self.quiet.seconds) + len(self.faulty.seconds)


async def loaded(service: Service) -> Loaded:
    """Measure the capacity, then ask at 70 % of it, first while NASA is well."""
    pool = Pool(service.ports)
    try:
        return await _loaded(service, pool)
    finally:
        await pool.aclose()


async def _loaded(service: Service, pool: Pool) -> Loaded:
    judge = Judge(service.weather)
    mix = Mix(judge, SECRET)
    served = 0

    def requests() -> int:
        return served + len(pool.came.seconds)

    before = max(map(descriptors, service.processes))
    await pool.add(LINES)
    for ask in mix.first() * len(service.ports) * 2:
        pool.send(ask, 0)
    await pool.settle()
    await pool.flood(mix.another, LINES, FILL_SECONDS, CHANGES * len(service.machines))
    used = service.processor_seconds()
    capacity = await pool.flood(mix.next, LINES, CAPACITY_SECONDS)
    busy = (service.processor_seconds() - used) / CAPACITY_SECONDS
    assert pool.came.wrong == []
    served, pool.came = requests(), Came()
    watch = Watch(service.processes, requests)
    watching = asyncio.create_task(watch.run())
    await pool.pace(mix.next, SHARE * capacity, QUIET_SECONDS)
    quiet = pool.came
    served, pool.came = requests(), Came()
    held = len(judge.held_by)
    weather = asyncio.create_task(service.weather.change(FAULTY_SECONDS, SPELL_SECONDS))
    await pool.pace(mix.next, SHARE * capacity, FAULTY_SECONDS)
    await weather
    watching.cancel()
    await pool.aclose()
    after = [await falls_to(one, before + KEPT_CONNECTIONS, seconds=3) for one in service.processes]
    return Loaded(
        capacity=capacity,
        busy=busy,
        quiet=quiet,
        faulty=pool.came,
        explained=dict(judge.explained),
        only_elsewhere=judge.only_elsewhere,
        slope=watch.slope(),
        new_records=len(judge.held_by) - held,
        before=before,
        most=watch.most_descriptors,
        after=max(after),
    )


def in_a_loop(work: Callable[[], Awaitable[T]]) -> T:
    """Run on the loop that asks fastest, with nothing old for the garbage collector to look at."""

    async def main() -> T:
        return await work()

    gc.collect()
    gc.freeze()
    try:
        try:
            import uvloop  # noqa: PLC0415  (not on every platform)
        except ImportError:
            return asyncio.run(main())
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main())
    finally:
        gc.unfreeze()


@pytest.mark.parametrize("number", [1, 2], ids=["one process", "two with Redis"])
def test_load(
    number: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    proof: Record,
    figure: Callable[[str], None],
) -> None:
    """No answer is wrong, and no error without a cause, whatever NASA does; nothing grows."""
    redis = request.getfixturevalue("redis") if number > 1 else None
    with service(tmp_path, number, redis) as started:
        shown = in_a_loop(lambda: loaded(started))
        late, defects = started.late(), started.defects()
    quiet, faulty, slope = shown.quiet, shown.faulty, shown.slope
    wrong = quiet.wrong + faulty.wrong
    of_records = shown.new_records * RECORD_BYTES / max(1, len(faulty.seconds))
    errors = ", ".join(f"{n:,} × {status}" for status, n in sorted(shown.explained.items()))
    for name, value in {
        "capacity": f"{shown.capacity:,.0f} a second; the service's core {shown.busy:.0%} busy",
        "asked": f"{SHARE:.0%} of it: {len(quiet.seconds):,} requests in {QUIET_SECONDS} s of "
        f"calm, {len(faulty.seconds):,} in {FAULTY_SECONDS} s with faults; left out "
        f"{quiet.left_out + faulty.left_out:,}",
        "wrong answers": len(wrong),
        "errors that a fault explains": errors or "none",
        "errors that nothing explains": sum("unexplained" in one for one in wrong),
        "p99, calm": f"{quiet.p99() * 1000:.1f} ms",
        "p99, with faults": f"{faulty.p99() * 1000:.1f} ms",
        "slowest of those that NASA was asked for": f"{_slowest(faulty, cold=True):.1f} s",
        "slowest of the others": f"{_slowest(faulty, cold=False) * 1000:.0f} ms",
        "memory": f"{slope.bytes / 1000:+.4f} ± {slope.margin / 1000:.4f} MB per 1,000 requests",
        "of it for new records": f"at most {of_records / 1000:.4f} MB",
        "operations that Redis did not do in time": f"{late:,}; for want of them "
        f"{shown.only_elsewhere} errors, though the other process had the record",
        "descriptors": f"{shown.before} before, {shown.most} at most, {shown.after} after",
    }.items():
        if name.startswith("operations") and redis is None:
            continue
        who = "one process" if number == 1 else "two processes with Redis"
        proof.row("load", processes=who, figure=name, shown=value)
        figure(f"load on {who}: {name}: {value}")
    assert (wrong[:5], defects) == ([], 0)
    assert shown.only_elsewhere <= late
    assert set(quiet.counts) | set(faulty.counts) >= {"latest", "hot date", "gallery", "secret"}
    slack = 0 if IS_WHOLE else QUICK_SLACK_SECONDS
    assert faulty.p99() <= TIMES_QUIET * quiet.p99() + slack
    assert shown.after <= shown.before + KEPT_CONNECTIONS
    assert shown.most <= shown.before + MOST_CONNECTIONS + OWN_CONNECTIONS
    if IS_WHOLE:
        assert shown.explained
        assert slope.bytes + slope.margin <= LEAST_KEPT_BYTES + of_records


def _slowest(came: Came, *, cold: bool) -> float:
    asking = ("cold date", "cold range", "count")
    return max(seconds for kind, seconds in came.slowest.items() if (kind in asking) == cold)
