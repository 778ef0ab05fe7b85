"""A load goes where it should, and its times hide nothing."""

import asyncio
import math
from collections import Counter

import pytest

from tests.proof.pacing import Came, Pool


@pytest.mark.anyio
async def test_evenly() -> None:
    """Each port gets as many connections as the others, opened together or one by one."""
    came: asyncio.Queue[int] = asyncio.Queue()

    class Accepted(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            came.put_nowait(transport.get_extra_info("sockname")[1])

    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Accepted, "127.0.0.1", 0) for _ in range(2)]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    pool = Pool(ports)
    await pool.add(4)
    for _ in range(4):
        await pool.add(1)
    await asyncio.gather(*(pool.add(1) for _ in range(4)))
    connected = Counter([await came.get() for _ in range(12)])
    await pool.aclose()
    for server in servers:
        server.close()
        await server.wait_closed()
    assert connected == dict.fromkeys(ports, 6)


def test_left_out() -> None:
    """What was due and not asked counts among the slowest."""
    assert Came(seconds=[0.01] * 1000, left_out=9).p99() < 1
    assert Came(seconds=[0.01] * 1000, left_out=20).p99() == math.inf
