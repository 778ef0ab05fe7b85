"""Restarts that nobody notices."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.machines.conftest import APOD, Machine, Platform, headers
from tests.machines.router import Router

URL = f"{APOD}?date=2021-10-12"
CLIENTS = 16


async def ended(machine: Machine) -> int:
    """Wait until a machine has ended, and give its status."""
    return await asyncio.to_thread(machine.process.wait, 30)


async def test_rolling_restart(platform: Platform, figure: Callable[[str], None]) -> None:
    """Two machines are replaced one after the other, under load, and no request fails."""
    machines = [platform.start(WEB_CONCURRENCY="2"), platform.start()]
    router = Router([machine.url for machine in machines], headers())
    statuses = []
    async with router.load(URL, CLIENTS):
        for old in list(machines):
            new = await asyncio.to_thread(platform.start)
            machines.append(new)
            router.urls = [machine.url for machine in machines]
            await asyncio.sleep(0.5)
            old.process.send_signal(signal.SIGTERM)
            statuses.append(await ended(old))
            machines.remove(old)
            router.urls = [machine.url for machine in machines]
    figure(
        f"rolling restart of two processes under load ({CLIENTS} clients): "
        f"{len(router.failed)} of {router.answered + len(router.failed)} requests failed"
    )
    assert (router.failed, router.unsent) == ([], 0)
    assert router.answered > 50
    assert statuses == [0, 0]


async def test_in_flight(platform: Platform) -> None:
    """What is in flight at SIGTERM is finished, however slow NASA is; then it ends with 0."""
    machine = platform.start()
    platform.nasa.change(latency_seconds=3.5)
    async with httpx.AsyncClient(timeout=30, headers=headers()) as client:
        asking = asyncio.create_task(client.get(machine.url + URL))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        machine.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.3)
        probe = await client.get(f"{machine.url}/readyz")
        late = await client.get(f"{machine.url}/livez")
        answer = await asking
        assert await ended(machine) == 0
    assert (probe.status_code, probe.text) == (503, "stopping\n")
    assert probe.headers["Connection"] == "close"
    assert (late.status_code, answer.status_code) == (200, 200)
    assert 3 < time.monotonic() - began < 6


@pytest.mark.parametrize("seconds", [0.15, 0.3, 0.45, 0.6])
async def test_at_start(platform: Platform, seconds: float) -> None:
    """A process that is stopped while it starts ends with 0, too."""
    machine = platform.launch()
    await asyncio.sleep(seconds)
    machine.process.send_signal(signal.SIGTERM)
    assert await ended(machine) == 0


async def test_stuck(platform: Platform) -> None:
    """A client that does not read its answer keeps nobody from ending in time."""
    machine = platform.start(
        IMAGE_PROXY="on",
        PUBLIC_BASE_URL="https://proxy.test",
        NASA_IMAGE_BASE_URL=platform.nasa.url,
    )
    platform.nasa.change(picture_bytes=50_000_000)
    host, port = machine.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    token = headers()["Approov-Token"]
    path = "/v2/apod.nasa.gov/apod/image/2110/FireballAlberta_Qin_1080.jpg"
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nApproov-Token: {token}\r\n\r\n".encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    began = time.monotonic()
    machine.process.send_signal(signal.SIGTERM)
    status = await ended(machine)
    assert (status, time.monotonic() - began < 29) == (0, True)
    assert [line["reason"] for line in machine.events("relay_cut")] == ["the process ends"]
    assert machine.events("Exception in ASGI application") == []
    writer.close()


async def test_worker_dies(platform: Platform, figure: Callable[[str], None]) -> None:
    """A worker that dies is replaced, and the others go on meanwhile."""
    machine = platform.start(WEB_CONCURRENCY="2")
    async with asyncio.timeout(10):
        while len(machine.events("started")) < 2:  # noqa: ASYNC110  (another program)
            await asyncio.sleep(0.05)
    victim = workers(machine)[0]
    os.kill(victim, signal.SIGKILL)
    began = time.monotonic()
    async with asyncio.timeout(15):
        while len(machine.events("started")) < 3:
            assert machine.get(URL).status_code == 200
            await asyncio.sleep(0.05)
    figure(f"a killed worker is replaced after {time.monotonic() - began:.1f} s")
    assert victim not in workers(machine)


def workers(machine: Machine) -> list[int]:
    """Give the ids of a machine's worker processes."""
    pid = machine.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [
        int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    ]
