"""For tests without an event loop: what is asynchronous only for stores that others have."""

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def settled(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what waits for nothing, and give its result."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waits for something")
