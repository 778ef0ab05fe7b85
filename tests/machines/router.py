"""A platform's router, with many clients before it: what it sends must be answered."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import httpx

PROBE_SECONDS = 0.1


@dataclass(slots=True)
class Router:
    """Sends each request to the next machine that is ready.

    As routers do, it takes another one if no connection comes about. Whatever else goes wrong is a
    failed request.

    Attributes:
        urls: of the machines, which may change meanwhile.
        answered: how many requests were answered with 200.
        failed: what became of those that a machine was given, and did not answer so.
        unsent: requests for which no machine was ready.
    """

    urls: Sequence[str]
    headers: dict[str, str]
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    unsent: int = 0
    _ready: set[str] = field(default_factory=set)

    @asynccontextmanager
    async def load(self, path: str, clients: int) -> AsyncIterator[None]:
        """Let so many clients ask for *path* again and again."""
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(trust_env=False, timeout=20, limits=limits) as client:
            await self._probe(client)
            is_over = asyncio.Event()
            probing = asyncio.create_task(self._probe_on(client, is_over))
            asking = [asyncio.create_task(self._ask(client, path, is_over)) for _ in range(clients)]
            try:
                yield
            finally:
                is_over.set()
                await asyncio.gather(*asking, probing)

    async def _ask(self, client: httpx.AsyncClient, path: str, is_over: asyncio.Event) -> None:
        for number in count():
            if is_over.is_set():
                return
            if number > 100_000:
                raise AssertionError("nobody ended it")
            await self._send(client, path, number)

    async def _send(self, client: httpx.AsyncClient, path: str, number: int) -> None:
        ready = sorted(self._ready)
        for attempt in range(len(ready)):
            url = ready[(number + attempt) % len(ready)]
            try:
                answer = await client.get(url + path, headers=self.headers)
            except httpx.ConnectError:
                self._ready.discard(url)
                continue
            except httpx.HTTPError as error:
                self.failed.append(f"{type(error).__name__}: {error}")
                return
            if answer.status_code == 200:
                self.answered += 1
            else:
                self.failed.append(str(answer.status_code))
            return
        self.unsent += 1
        await asyncio.sleep(PROBE_SECONDS)

    async def _probe_on(self, client: httpx.AsyncClient, is_over: asyncio.Event) -> None:
        while not is_over.is_set():
            await asyncio.sleep(PROBE_SECONDS)
            await self._probe(client)

    async def _probe(self, client: httpx.AsyncClient) -> None:
        for url in self.urls:
            try:
                is_ready = (await client.get(f"{url}/readyz")).status_code == 200
            except httpx.HTTPError:
                is_ready = False
            (self._ready.add if is_ready else self._ready.discard)(url)
