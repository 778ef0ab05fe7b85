"""From SIGTERM to the end: say so first, so that nothing is on its way here when the doors close.

A router learns of it by `/readyz` and by connections that are closed after their answer. Meanwhile
what it still sends is served as ever. Then the server stops accepting, and finishes what is left.
"""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import Context
from types import FrameType

from edge import logs
from edge.health import Health

ANNOUNCE_SECONDS = 2.0
"""Enough for a router that asks every second. Ctrl-C, which is a person's, waits for nothing."""


@contextmanager
def announced(health: Health) -> Iterator[None]:
    """Put the announcement before what SIGTERM does by now, which is what the server does."""
    stop = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or not callable(stop):
        yield
        return
    loop = asyncio.get_running_loop()

    def begin(number: int, frame: FrameType | None) -> None:
        if not health.is_stopping:
            health.is_stopping = True
            logs.log("info", "stopping")
            loop.call_later(ANNOUNCE_SECONDS, stop, number, frame)

    def announce(number: int, frame: FrameType | None) -> None:
        # The signal comes in the midst of whatever runs: the line is not about that request.
        loop.call_soon_threadsafe(begin, number, frame, context=Context())

    signal.signal(signal.SIGTERM, announce)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, stop)
