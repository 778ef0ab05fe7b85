"""A thousand phones open the app at once."""

import asyncio
import socket
import threading
from collections import Counter

import httpx
from starlette.types import Receive, Scope, Send

from astropiks.apps import create_app
from astropiks.mint import mint
from astropiks.server import serving
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import NASA_KEY, SECRET, asking, make_settings

URL = "/planetary/apod?date=2021-10-12"
HERD = 1000


class SlowNasa(httpx.AsyncBaseTransport):
    """NASA, taking its time until it is told to answer."""

    def __init__(self, nasa: StandIn) -> None:
        self.may_answer = asyncio.Event()
        self._transport = httpx.ASGITransport(nasa)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Wait, then answer."""
        await self.may_answer.wait()
        return await self._transport.handle_async_request(request)


async def started(herd: list[asyncio.Task[httpx.Response]]) -> None:
    """Let every request get as far as waiting for NASA."""
    for _ in range(50):
        await asyncio.sleep(0)
    assert not any(task.done() for task in herd)


async def test_one_call(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """A thousand concurrent cold requests for one date make exactly one NASA call."""
    slow = SlowNasa(nasa)
    async with asking(slow, clock) as client:
        client.headers["Approov-Token"] = token
        herd = [asyncio.create_task(client.get(URL)) for _ in range(HERD)]
        await started(herd)
        slow.may_answer.set()
        answers = await asyncio.gather(*herd)
    assert len(nasa.requests) == 1
    assert Counter(answer.status_code for answer in answers) == {200: HERD}
    assert len({answer.content for answer in answers}) == 1
    collapsed = sum("collapsed" in answer.headers["Cache-Status"] for answer in answers)
    assert collapsed == HERD - 1


async def test_first_leaves(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """So it is when the first caller goes away while NASA is thinking."""
    slow = SlowNasa(nasa)
    async with asking(slow, clock) as client:
        client.headers["Approov-Token"] = token
        first, *herd = [asyncio.create_task(client.get(URL)) for _ in range(HERD)]
        await started([first, *herd])
        first.cancel()
        slow.may_answer.set()
        answers = await asyncio.gather(*herd)
    assert len(nasa.requests) == 1
    assert Counter(answer.status_code for answer in answers) == {200: HERD - 1}


async def test_other_dates(nasa: StandIn, clock: SettableClock, token: str) -> None:
    """Different dates are different calls."""
    async with asking(nasa, clock) as client:
        client.headers["Approov-Token"] = token
        days = [f"/planetary/apod?date=2021-10-{day}" for day in range(10, 20)]
        await asyncio.gather(*(client.get(day) for day in days * 20))
    assert len(nasa.requests) == 10


class GatedNasa:
    """NASA behind a real socket, which answers once it is told to."""

    def __init__(self, nasa: StandIn) -> None:
        self.nasa = nasa
        self.asked = threading.Event()
        self.may_answer = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then answer."""
        if scope["type"] == "http":
            self.asked.set()
            await asyncio.to_thread(self.may_answer.wait, 10)
        await self.nasa(scope, receive, send)


async def test_real_sockets() -> None:
    """Over real sockets too, the first caller may hang up: the rest share the one call it made."""
    nasa = StandIn(keys={NASA_KEY})
    gated = GatedNasa(nasa)
    with (
        serving(gated) as nasa_url,
        serving(create_app(make_settings(nasa_api_base_url=nasa_url))) as url,
    ):
        token = mint(SECRET, now=nasa.clock())
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as first:
            first.sendall(
                f"GET {URL} HTTP/1.1\r\nHost: x\r\nApproov-Token: {token}\r\n\r\n".encode()
            )
            assert await asyncio.to_thread(gated.asked.wait, 10)
        limits = httpx.Limits(max_connections=100)
        async with httpx.AsyncClient(base_url=url, limits=limits, timeout=20) as client:
            client.headers["Approov-Token"] = token
            herd = [asyncio.create_task(client.get(URL)) for _ in range(100)]
            gated.may_answer.set()
            answers = await asyncio.gather(*herd)
    assert len(nasa.requests) == 1
    assert Counter(answer.status_code for answer in answers) == {200: 100}
