"""Files that are read anew when they change, and all of them at once on SIGHUP."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

POLL_SECONDS = 0.5
"""What has been taken out of a file is out of force within a second."""

Stamp = tuple[int, int, int]


class WatchedFile:
    """One file, and what to do when it has changed."""

    def __init__(self, path: Path, reload: Callable[[], None]) -> None:
        """Watch *path*; *reload* raises nothing, and keeps what is in force if it has to."""
        self._path = path
        self._reload = reload
        self._stamp: Stamp | None = None

    def refresh(self, *, even_unchanged: bool = False) -> None:
        """Have it read again if it has changed since it was last looked at."""
        stamp = self._stat()
        if stamp != self._stamp or even_unchanged:
            self._stamp = stamp
            self._reload()

    def _stat(self) -> Stamp | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


@asynccontextmanager
async def watching(files: Sequence[WatchedFile]) -> AsyncIterator[None]:
    """Look at *files* every now and then, and at once on SIGHUP, until left.

    The signal is taken even if there are none: it would end a process that does not know it.
    """
    for file in files:
        file.refresh(even_unchanged=True)  # it may have changed since the settings were read
    asked = asyncio.Event()
    with suppress(ValueError, RuntimeError, NotImplementedError):  # not in a main thread
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    task = asyncio.create_task(_watch(files, asked))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _watch(files: Sequence[WatchedFile], asked: asyncio.Event) -> None:
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await asked.wait()
        is_asked = asked.is_set()
        asked.clear()
        for file in files:
            file.refresh(even_unchanged=is_asked)
