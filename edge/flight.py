"""Single flight: however many ask for one thing at once, the work is done once.

The work is a task of its own that all callers await through a shield. So the first caller has no
special part: when it goes away, the others still get the result.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Generic, Protocol, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class FailedElsewhereError(Exception):
    """The process that did the work for all of them failed; the message is what it told."""


class SharedFlight(Protocol):
    """Runs at most one work for each subject, in all processes; see `edge.redis_flight`."""

    async def once(
        self,
        subject: str,
        work: Callable[[], Awaitable[V]],
        *,
        keep: Callable[[V], Awaitable[str | None]],
        tell: Callable[[Exception], str],
    ) -> V | None:
        """Do *work*, or wait until another process has done it, and give None."""


class SingleFlight(Generic[K, V]):
    """Runs at most one task for each key."""

    def __init__(self) -> None:
        self._tasks: dict[K, asyncio.Task[V]] = {}

    def join(
        self, key: K, work: Callable[[], Coroutine[Any, Any, V]]
    ) -> tuple[asyncio.Task[V], bool]:
        """Give the task for *key*, starting *work* unless it is under way, and if it was."""
        task = self._tasks.get(key)
        if task is not None:
            return task, True
        task = self._tasks[key] = asyncio.create_task(work())
        task.add_done_callback(lambda done: self._land(key, done))
        return task, False

    def _land(self, key: K, task: asyncio.Task[V]) -> None:
        del self._tasks[key]
        if not task.cancelled():
            task.exception()  # marks it as seen: each caller gets it from its own await

    async def aclose(self) -> None:
        """Cancel what is under way and wait until it has ended."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
