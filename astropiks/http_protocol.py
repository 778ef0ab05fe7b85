"""HTTP/1.1 as uvicorn reads it, with the bounds that it lacks.

With httptools uvicorn reads heads of any length, waits for their end for ever, and takes trailers
for headers. All of that comes before the gate, so anybody could exhaust the process.
"""

import asyncio
from collections import deque
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD_BYTES: Final = 32 * 1024
"""Request line and headers together; the longest tokens and signatures need half of it."""

HEAD_SECONDS: Final = 20
"""From the first byte of a connection or request to the end of its head."""


class HeadTooLargeError(Exception):
    """Ends the parsing of a request; the client gets uvicorn's 400."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection."""

    _unread = 0
    _head_is_complete = False
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        self._unanswered: deque[RequestResponseCycle] = deque()
        super().connection_made(transport)
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._end_head()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, unless more has come than a head, or the trailers of a body, may have."""
        self._unread += len(data)
        super().data_received(data)
        cycle: RequestResponseCycle | None = self.cycle
        is_idle = cycle is None or cycle.response_complete
        if is_idle and self._head_timer is None and not self.transport.is_closing():
            self._begin_head()  # uvicorn ends the time-out of an idle connection at any byte
        if self._unread > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Request head too large.")

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self._head_is_complete = False
        if self._head_timer is None:
            self._begin_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; leave a trailer alone (RFC 9110 section 6.5.1)."""
        if not self._head_is_complete:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Judge the head's size, then start the request."""
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD_BYTES:
            raise HeadTooLargeError
        self._end_head()
        self._head_is_complete = True
        self._unread = 0
        super().on_headers_complete()
        self._unanswered.append(self.cycle)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; the application decides how much of it to read."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._unread = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless this one still goes on: it may never end."""
        answered = self._unanswered.popleft()
        super().on_response_complete()
        if answered.more_body and not self.transport.is_closing():
            self.transport.close()

    def _begin_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_is_late(self) -> None:
        if self._unanswered:  # a pipelined head has time until the answers before it are out
            self._begin_head()
        else:
            self.timeout_keep_alive_handler()

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
