"""The way to what all processes share, for those who use it: none of them needs to know Redis.

It may fail at any time, and must cost a request next to nothing then. So each operation has a few
milliseconds, and all of one request have a bound together.
"""

import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

T = TypeVar("T")

OPERATION_SECONDS = 0.03
"""For one operation, its turn included. A request is to lose no more than 0.1 s by all of them: one
is for its limit, one for its signature; the rest have `BUDGET_SECONDS` together."""

BACKGROUND_TURN_SECONDS = 5.0
"""For the turn of an operation that no request waits for."""

BUDGET_SECONDS = 0.05
"""For all that comes before a call of NASA."""

Lane = Literal["records", "limits"]
"""What an operation is for. A crowd whose requests are counted keeps no record waiting."""

CLOCKS_SECONDS = 60
"""By which the clocks of two machines may differ."""


@dataclass(slots=True)
class Bounds:
    """What operations may still take together, and how long each may wait for its turn."""

    left: float
    turn_seconds: float = OPERATION_SECONDS


_bounds: ContextVar[Bounds | None] = ContextVar("redis_bounds", default=None)


def bounds() -> Bounds:
    """Give those of this task."""
    return _bounds.get() or Bounds(OPERATION_SECONDS)


@contextmanager
def budget(seconds: float) -> Iterator[None]:
    """Let all operations of this task take so many seconds together."""
    with _within(Bounds(seconds)):
        yield


@contextmanager
def in_background() -> Iterator[None]:
    """Let operations of this task have no such bound, and time for their turn: nobody waits."""
    with _within(Bounds(math.inf, BACKGROUND_TURN_SECONDS)):
        yield


@contextmanager
def _within(given: Bounds) -> Iterator[None]:
    token = _bounds.set(given)
    try:
        yield
    finally:
        _bounds.reset(token)


class RedisUnusableError(Exception):
    """Redis did not do it. Quotes neither it nor the address, which may hold a password."""


class StrangeReplyError(Exception):
    """Redis gave what it cannot have been asked for."""


class StreamError(Exception):
    """A stream did not take an entry. Quotes nothing either."""


class Link(Protocol):
    """The way itself.

    Attributes:
        is_up: whether it can be used.
        pool: its connections.
    """

    is_up: bool
    pool: Any

    def when_lost(self, listener: Callable[[], None]) -> None:
        """Call *listener* whenever it can no longer be used."""

    async def call(self, operation: Callable[[Any], Awaitable[T]], lane: Lane = "records") -> T:
        """Do *operation*, if its turn comes at once and is done at once.

        Args:
            operation: gets the client; ends with `StrangeReplyError` if the reply is nothing to
                rely on.
            lane: in which it waits for its turn.

        Raises:
            RedisUnusableError: it is not done, or nothing is just now.
        """
