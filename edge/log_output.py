"""Standard output, written by a thread of its own.

Whoever reads it may be slow, or not read at all, and then a write to a full pipe takes for ever. No
request waits for that: lines wait here, in their order, and those beyond a bound are lost.
"""

import asyncio
import io
import os
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import NamedTuple

MAX_WAITING_BYTES = 1_000_000
"""Some thousand lines."""

END_SECONDS = 1.0
"""For what still waits when the process ends."""


class _Text(NamedTuple):
    """Something to be written, and who wants to know when it is; or the place of lost lines."""

    data: bytes
    written: "asyncio.Future[None] | None" = None
    lost_lines: int = 0


class LogOutput(io.TextIOBase):
    """Stands in for `sys.stdout`. Any thread may write."""

    def __init__(
        self, descriptor: int, tell_lost: Callable[[int], str], *, is_shared: bool
    ) -> None:
        """Write to a file.

        Args:
            descriptor: of that file.
            tell_lost: makes the line that says how many lines have been lost.
            is_shared: whether other processes write there, too. That takes more, smaller writes,
                which cost a busy process a tenth of what it can do.
        """
        super().__init__()
        self._descriptor = descriptor
        self._tell_lost = tell_lost
        self._divided = _pieces if is_shared else _whole
        self._waiting: list[_Text] = []
        self._waiting_bytes = 0
        self._untold_lines = 0
        self._is_writing = self._is_torn = False
        self._change = threading.Condition()
        threading.Thread(target=self._write_on, name="log", daemon=True).start()

    def write(self, text: str) -> int:
        """Let *text* be written soon, or never if too much waits already."""
        self.write_bytes(_encode(text))
        return len(text)

    def write_bytes(self, lines: bytes) -> None:
        """Let *lines* be written likewise, as they are."""
        self._put(_Text(lines))

    async def write_surely(self, text: str, seconds: float) -> None:
        """Wait until *text* has been written.

        Raises:
            OSError: it has not; as `TimeoutError` not within so many *seconds*.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self._put(_Text(_encode(text), written)):
            raise BlockingIOError("too much waits to be written")
        async with asyncio.timeout(seconds):
            await written

    def flush(self) -> None:
        """Do nothing: whoever logs calls it, and nobody is to wait."""

    def wait(self) -> None:
        """Wait until all is written, or it takes too long. Not for an event loop."""
        with self._change:
            self._change.wait_for(lambda: not (self._waiting or self._is_writing), END_SECONDS)

    def fileno(self) -> int:
        """Give the file."""
        return self._descriptor

    def isatty(self) -> bool:
        """Tell whether a person reads it."""
        return os.isatty(self._descriptor)

    def writable(self) -> bool:
        """Tell that it is for that."""
        return True

    def _put(self, text: _Text) -> bool:
        with self._change:
            if self._waiting_bytes + len(text.data) > MAX_WAITING_BYTES:
                if lines := text.data.count(b"\n"):
                    self._lose(lines)
                return False
            self._waiting.append(text)
            self._waiting_bytes += len(text.data)
            self._change.notify_all()
        return True

    def _lose(self, lines: int) -> None:
        """Let it be told in their place how many there are."""
        if self._waiting and self._waiting[-1].lost_lines:
            lines += self._waiting.pop().lost_lines
        self._waiting.append(_Text(b"", lost_lines=lines))
        self._change.notify_all()

    def _write_on(self) -> None:
        """Write what waits, for ever."""
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting)
                texts, self._waiting = self._waiting, []
                self._is_writing = True
            self._write_in_order(texts)
            with self._change:
                self._waiting_bytes -= sum(len(text.data) for text in texts)
                self._is_writing = False
                self._change.notify_all()

    def _write_in_order(self, texts: list[_Text]) -> None:
        """Write together what nobody waits for."""
        together: list[bytes] = []
        for text in texts:
            if text.written is None and not text.lost_lines:
                together.append(text.data)
                continue
            self._try_to_write(b"".join(together))
            together.clear()
            self._untold_lines += text.lost_lines
            # What nobody waits for any more would tell of something that has not taken place.
            if text.written is not None and not text.written.cancelled():
                _settle(text.written, self._try_to_write(text.data))
        self._try_to_write(b"".join(together))

    def _try_to_write(self, data: bytes) -> OSError | None:
        """Write how much has been lost, if any has, and *data*, or say why not."""
        told = _encode(self._tell_lost(self._untold_lines)) if self._untold_lines else b""
        text = told + data
        written, error = self._write_lines(text)
        if written < len(told):
            self._untold_lines += data.count(b"\n")
        else:
            self._untold_lines = text.count(b"\n", written)
        return error

    def _write_lines(self, text: bytes) -> tuple[int, OSError | None]:
        """Write, on a line of its own, and give how many bytes and what came in between."""
        written = 0
        try:
            if text and self._is_torn:
                _write_all(self._descriptor, b"\n")
                self._is_torn = False
            for piece in self._divided(text):
                for count in _writing(self._descriptor, piece):
                    written += count
        except OSError as error:
            self._is_torn |= written > 0 and not text.endswith(b"\n", 0, written)
            return written, error
        return written, None


def _whole(text: bytes) -> Iterator[bytes]:
    yield text


def _pieces(text: bytes) -> Iterator[bytes]:
    """Divide *text* between lines, so that a pipe which several processes share takes each whole.

    Longer ones than `PIPE_BUF` it may mix (POSIX, write).
    """
    begin = 0
    while begin < len(text):
        end = min(begin + select.PIPE_BUF, len(text))
        last = text.rfind(b"\n", begin, end)
        if last < 0:  # one line that is longer
            last = text.find(b"\n", end)
        end = len(text) if last < 0 else last + 1
        yield text[begin:end]
        begin = end


def _write_all(descriptor: int, data: bytes) -> None:
    for _ in _writing(descriptor, data):
        pass


def _writing(descriptor: int, data: bytes) -> Iterator[int]:
    """Write, and give how many bytes each time."""
    left = memoryview(data)
    while left:
        try:
            count = os.write(descriptor, left)
        except BlockingIOError:  # somebody who has it too wants it so
            select.select((), (descriptor,), ())
            continue
        left = left[count:]
        yield count


def _settle(written: "asyncio.Future[None]", error: OSError | None) -> None:
    """Tell whoever waits, in the loop where that is."""

    def settle() -> None:
        if written.done():
            return
        if error is None:
            written.set_result(None)
        else:
            written.set_exception(error)

    with suppress(RuntimeError):  # the loop has ended
        written.get_loop().call_soon_threadsafe(settle)


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
