"""Of all processes one asks NASA."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta

from tests.machines.conftest import APOD, Machine, Platform, headers

COLD = f"{APOD}?date=2021-10-12"
HERD = 500
NASA_SECONDS = 3.0


async def phone(machine: Machine) -> tuple[int, bytes]:
    """Ask on a connection of one's own, and give status and body."""
    host, port = machine.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    fields = {"Host": host, "Connection": "close", **headers()}
    lines = [f"GET {COLD} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    async with asyncio.timeout(30):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return int(head[9:12] or 0), body


def herd(machine: Machine, size: int) -> list[asyncio.Task[tuple[int, bytes]]]:
    """Be so many phones at once."""
    return [asyncio.create_task(phone(machine)) for _ in range(size)]


async def test_one_call(platform: Platform, figure: Callable[[str], None]) -> None:
    """Two processes with 500 concurrent cold requests each make one call of NASA."""
    machines = [platform.start() for _ in range(2)]
    platform.nasa.change(latency_seconds=NASA_SECONDS)
    began = time.monotonic()
    herds = [herd(machine, HERD) for machine in machines]
    answers = await asyncio.gather(*herds[0], *herds[1])
    seconds = time.monotonic() - began
    statuses = Counter(status for status, _ in answers)
    figure(
        f"2 processes x {HERD} concurrent cold requests: {platform.nasa.calls()} NASA call, "
        f"{dict(statuses)}, in {seconds:.1f} s, of which NASA took {NASA_SECONDS:.0f} s"
    )
    assert statuses == {200: 2 * HERD}
    assert len({body for _, body in answers}) == 1
    assert platform.nasa.calls() == 1


async def test_leader_killed(platform: Platform, figure: Callable[[str], None]) -> None:
    """If the process that asks is killed, another asks, and all who wait there are answered."""
    first, second = platform.start(), platform.start()
    platform.nasa.change(latency_seconds=2)
    lost = herd(first, 1)
    async with asyncio.timeout(10):
        while not platform.nasa.calls():  # noqa: ASYNC110  (another program)
            await asyncio.sleep(0.01)
    began = time.monotonic()
    waiting = herd(second, 50)
    await asyncio.sleep(0.3)
    first.kill()
    answers = await asyncio.gather(*waiting)
    seconds = time.monotonic() - began
    figure(
        f"the asking process killed (-9): {len(answers)} requests waiting in another one answered "
        f"in {seconds:.1f} s, of which NASA took 2 s; {platform.nasa.calls()} NASA calls"
    )
    assert {status for status, _ in answers} == {200}
    assert isinstance((await asyncio.gather(*lost, return_exceptions=True))[0], OSError | tuple)
    assert platform.nasa.calls() == 2


def test_restart_of_everything(platform: Platform, figure: Callable[[str], None]) -> None:
    """Thirty days of pictures survive the restart of every process, without a call of NASA."""
    before = [platform.start(APOD_WARM_DAYS="30") for _ in range(2)]
    days = [date.today() - timedelta(days=n) for n in range(30)]  # noqa: DTZ011  (NASA's stand-in has them all)
    for machine in before:
        machine.wait_for("warmed")
    asked = [before[0].get(f"{APOD}?date={day}") for day in days[1:]]
    calls = platform.nasa.calls()
    for machine in before:
        machine.kill()
    after = [platform.start(APOD_WARM_DAYS="30") for _ in range(2)]
    for machine in after:
        machine.wait_for("warmed")
    again = [after[n % 2].get(f"{APOD}?date={day}") for n, day in enumerate(days[1:])]
    ranged = after[1].get(f"{APOD}?start_date={days[-1]}&end_date={days[1]}")
    more = platform.nasa.calls() - calls
    figure(f"30 days of dates after a restart of everything: {more} NASA calls")
    assert [answer.content for answer in again] == [answer.content for answer in asked]
    assert len(ranged.json()) == 29
    assert more == 0


def test_limits_are_shared(platform: Platform) -> None:
    """A device has one limit, whichever process it comes to."""
    machines = [platform.start(RATE_LIMIT_DEVICE="10/hour") for _ in range(2)]
    statuses = [machines[n % 2].get(f"{APOD}?date=odd").status_code for n in range(12)]
    assert statuses == [400] * 10 + [429] * 2


def test_start(platform: Platform, figure: Callable[[str], None]) -> None:
    """It takes a moment from the command to the first answer: how long is a figure."""
    seconds = []
    for workers in ("1", "2", "1", "2", "1", "2"):
        began = time.monotonic()
        machine = platform.start(WEB_CONCURRENCY=workers)
        seconds.append(time.monotonic() - began)
        machine.kill()
    one, two = sorted(seconds[::2])[1], sorted(seconds[1::2])[1]
    figure(f"start to first answered request: {one:.2f} s, with two workers {two:.2f} s (medians)")
    assert max(one, two) < 10
