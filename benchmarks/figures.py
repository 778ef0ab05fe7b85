"""What a fleet of phones costs, in figures."""

import math
import random
from dataclasses import dataclass, replace

from benchmarks import phones
from benchmarks.counted import INTERVAL, Tally
from benchmarks.service import Plan, simulate
from edge.redis_link import HEARTBEAT_SECONDS
from edge.redis_notices import PING_SECONDS
from proxy.freshness import DAY

LOAD = 0.5
"""Of its capacity that a process is planned to use at the peak."""

HEARTBEATS = DAY / HEARTBEAT_SECONDS + DAY / PING_SECONDS
"""Commands to Redis of an idle process in a day: it looks whether Redis answers, and whether it can
still hear the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One fleet, per day unless it says otherwise.

    Attributes:
        openings: of the app, as planned.
        processes: which serve it.
        requests: which reach them.
        peak_requests: per second, in the busiest ten.
        latest_calls: of NASA, for the latest picture.
        range_calls: likewise, for galleries.
        day_calls: likewise, for single old days.
        busiest_hour: calls of NASA in that hour, of all days.
        calls_alone: of NASA, if the processes shared nothing.
        redis_operations: commands of all processes to Redis.
        redis_peak: per second, in the busiest ten.
    """

    openings: int
    processes: int
    requests: int
    peak_requests: int
    latest_calls: int
    range_calls: int
    day_calls: int
    busiest_hour: int
    calls_alone: int
    redis_operations: int
    redis_peak: int

    @property
    def calls(self) -> int:
        """All calls of NASA."""
        return self.latest_calls + self.range_calls + self.day_calls


def processes_for(openings: float, capacity: float) -> int:
    """Give how many processes the peak wants, each of which can do *capacity* requests a second."""
    peak = openings * phones.REQUESTS * phones.openings().peak
    return max(1, math.ceil(peak / (capacity * LOAD)))


def figures(plan: Plan) -> Figures:
    """Simulate *plan*, with a Redis and without."""
    shared = simulate(plan)
    requests = _requests(plan)
    beats = plan.processes * HEARTBEATS / DAY * INTERVAL
    operations = [
        own + shared.operations[number] + beats for number, own in enumerate(requests)
    ]  # each request counts against its device's limit by one script
    return Figures(
        openings=round(plan.openings),
        processes=plan.processes,
        requests=round(sum(requests) / plan.days),
        peak_requests=math.ceil(max(requests) / INTERVAL),
        latest_calls=round(shared.calls["latest"] / plan.days),
        range_calls=round(shared.calls["range"] / plan.days),
        day_calls=round(shared.calls["day"] / plan.days),
        busiest_hour=max(shared.calls_by_hour.values()),
        calls_alone=_calls_alone(plan, shared),
        redis_operations=round(sum(operations) / plan.days),
        redis_peak=math.ceil(max(operations) / INTERVAL),
    )


def _calls_alone(plan: Plan, shared: Tally) -> int:
    """Simulate one process without Redis, with its share of the phones: all others are like it."""
    if plan.processes == 1:  # one that shares with nobody asks NASA as often
        return sum(round(calls / plan.days) for calls in shared.calls.values())
    one = replace(plan, openings=plan.openings / plan.processes, processes=1, is_shared=False)
    return round(simulate(one).calls.total() * plan.processes / plan.days)


def _requests(plan: Plan) -> list[int]:
    """Draw how many requests come in each interval."""
    chance = random.Random(plan.seed)  # noqa: S311
    rates = phones.openings().by_minute
    per_minute = 60 // INTERVAL
    daily = plan.openings * phones.REQUESTS
    return [
        phones.poisson(daily * rate / per_minute, chance)
        for _ in range(plan.days)
        for rate in rates
        for _ in range(per_minute)
    ]
