import asyncio

import pytest

from edge.flight import SingleFlight


class Work:
    """Something slow that counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> str:
        """Do it, once allowed to."""
        await self.may_end.wait()
        self.done += 1
        return "result"


async def failing() -> str:
    """Fail."""
    await asyncio.sleep(0)
    raise ConnectionError


async def join(flight: SingleFlight[str, str], work: Work) -> str:
    """Ask as a request does."""
    task, _ = flight.join("key", work)
    return await asyncio.shield(task)


async def test_once() -> None:
    """However many ask, the work is done once, and everyone has the result."""
    flight, work = SingleFlight[str, str](), Work()
    callers = [asyncio.create_task(join(flight, work)) for _ in range(1000)]
    await asyncio.sleep(0)
    work.may_end.set()
    assert set(await asyncio.gather(*callers)) == {"result"}
    assert work.done == 1


async def test_joined() -> None:
    """The first caller starts the work, the next one joins it."""
    flight, work = SingleFlight[str, str](), Work()
    (first, started), (second, joined) = flight.join("key", work), flight.join("key", work)
    assert first is second
    assert (started, joined) == (False, True)
    await flight.aclose()


@pytest.mark.parametrize("leaver", [0, 1, 2])
async def test_leaving(leaver: int) -> None:
    """Any caller may go away, the first included, and the others still have the result."""
    flight, work = SingleFlight[str, str](), Work()
    callers = [asyncio.create_task(join(flight, work)) for _ in range(3)]
    await asyncio.sleep(0)
    callers.pop(leaver).cancel()
    await asyncio.sleep(0)
    work.may_end.set()
    assert await asyncio.gather(*callers) == ["result"] * 2
    assert work.done == 1


async def test_all_leave() -> None:
    """When every caller has gone, the work is still finished: its result is worth keeping."""
    flight, work = SingleFlight[str, str](), Work()
    caller = asyncio.create_task(join(flight, work))
    await asyncio.sleep(0)
    task, _ = flight.join("key", work)
    caller.cancel()
    work.may_end.set()
    assert await task == "result"


async def test_again() -> None:
    """After landing, the next caller starts anew."""
    flight, work = SingleFlight[str, str](), Work()
    work.may_end.set()
    await join(flight, work)
    await join(flight, work)
    assert work.done == 2


async def test_keys() -> None:
    """Different keys do not wait for each other."""
    flight, work = SingleFlight[str, str](), Work()
    first, _ = flight.join("one", work)
    second, _ = flight.join("two", work)
    assert first is not second
    await flight.aclose()


async def test_failure() -> None:
    """A failure reaches everyone who waits, and is not kept."""
    flight = SingleFlight[str, str]()
    task, _ = flight.join("key", failing)
    results = await asyncio.gather(*[asyncio.shield(task)] * 3, return_exceptions=True)
    assert [type(result) for result in results] == [ConnectionError] * 3
    assert flight.join("key", failing)[1] is False
    await flight.aclose()


async def test_close() -> None:
    """Closing cancels what is under way."""
    flight, work = SingleFlight[str, str](), Work()
    task, _ = flight.join("key", work)
    await flight.aclose()
    assert task.cancelled()
    assert work.done == 0
