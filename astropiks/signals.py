"""Ctrl-C and SIGTERM, for a command that still has something to say."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cut_short_by(came: list[int]) -> Iterator[None]:
    """Let the first SIGINT or SIGTERM end what this task does here, and note which one *came*.

    The next one ends the process as it ever does.
    """
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def cancel(number: signal.Signals) -> None:
        came.append(number)
        forget()
        if task is not None:
            task.cancel()

    def forget() -> None:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, cancel, number)
    try:
        yield
    except asyncio.CancelledError:
        if task is None or not came:
            raise
        task.uncancel()
    finally:
        forget()
