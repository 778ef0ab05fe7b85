"""A second and a third attempt, where the first failed in a way that often passes.

Only for calls that change nothing. By NASA's users' experience, three attempts nearly always do.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from proxy.errors import SourceError

MAX_ATTEMPTS = 3

PAUSE_SECONDS = 0.2
"""Before the second attempt, on average; twice as long before the third."""

T = TypeVar("T")


async def attempt(call: Callable[[], Awaitable[T]], *, attempts: int = MAX_ATTEMPTS) -> T:
    """Make *call*, and again while it fails in a passing way, up to so many *attempts*.

    A source that says when to come back is not asked before.

    Raises:
        SourceError: what the last attempt came to.
    """
    for made in range(1, attempts):
        try:
            return await call()
        except SourceError as error:
            if not error.passes or error.retry_after_seconds is not None:
                raise
        # Jitter keeps those who failed together from coming back together.
        await asyncio.sleep(made * PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311
    return await call()
