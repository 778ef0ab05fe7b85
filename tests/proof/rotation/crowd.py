"""Apps that ask all the time while something is changed, and one that holds on to the old."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

APPS = 8
PAUSE_SECONDS = 0.002

WITHIN_SECONDS = 1.0
"""After it was taken away, what is old has to be refused."""

PROBES = 20
"""By which it is then seen to be refused."""

Wish = tuple[str, Mapping[str, str]]
"""A path and headers."""


@dataclass(slots=True)
class Crowd:
    """Asks one machine, half of the apps each time by another connection: so all workers answer.

    Attributes:
        url: of the machine.
        make: makes the next request of a genuine app.
        is_right: judges an answer to one.
        answered: how many were answered rightly.
        failed: what became of the others.
    """

    url: str
    make: Callable[[], Wish]
    is_right: Callable[[httpx.Response], bool]
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    _is_over: bool = False

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Ask meanwhile."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=20) as client:
            apps = [asyncio.create_task(self._ask(client, n)) for n in range(APPS)]
            try:
                yield
            finally:
                self._is_over = True
                await asyncio.gather(*apps)

    async def answers(self, more: int) -> None:
        """Wait until so many more have been answered."""
        wanted = self.answered + more
        for _ in range(10_000):
            if self.answered >= wanted or self.failed:
                return
            await asyncio.sleep(0.005)
        raise AssertionError("the apps get no answers")

    async def _ask(self, client: httpx.AsyncClient, number: int) -> None:
        while not self._is_over:
            path, headers = self.make()
            try:
                answer = await client.get(path, headers={**headers, **_connection(number)})
            except httpx.HTTPError as error:
                self.failed.append(f"{path}: {type(error).__name__}")
                continue
            if self.is_right(answer):
                self.answered += 1
            else:
                self.failed.append(f"{path}: {answer.status_code} {answer.text[:100]}")
            await asyncio.sleep(PAUSE_SECONDS)


async def refused_after(
    url: str, remove: Callable[[], None], wish: Wish, is_refused: Callable[[httpx.Response], bool]
) -> float:
    """Take something away, and give how long an old *wish* was still granted after that.

    Raises:
        AssertionError: it was granted after `WITHIN_SECONDS`.
    """
    path, headers = wish
    granted = 0.0
    probes = 0
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
        remove()
        began = time.monotonic()
        while probes < PROBES:
            sent = time.monotonic() - began
            answer = await client.get(path, headers={**headers, "Connection": "close"})
            if is_refused(answer):
                probes += sent > WITHIN_SECONDS
            else:
                granted = sent
                assert granted < WITHIN_SECONDS, f"granted after {granted:.2f} s"
            await asyncio.sleep(PAUSE_SECONDS)
    return granted


def _connection(number: int) -> dict[str, str]:
    return {"Connection": "close"} if number % 2 else {}
