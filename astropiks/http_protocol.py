"""HTTP/1.1 as uvicorn reads it, with the bounds that it lacks, and the fast path asked first.

With httptools uvicorn reads heads of any length, waits for their end for ever, and takes trailers
for headers. All of that comes before the gate, so anybody could exhaust the process. It also serves
what RFC 9112 wants refused, and loses what follows a request that asks for an upgrade.

What `edge.fast_path` answers goes out without a task. No connection gets more than its turn: what
it has sent beyond is kept until the others have had theirs, and until it reads.
"""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from astropiks.http_head import JUDGED, BadBodyError, BadHeadError, JudgedHeaders
from edge.fast_path import FastPath, header_lines

MAX_HEAD_BYTES: Final = 32 * 1024
"""Request line and headers together; the longest tokens and signatures need half of it."""

MAX_HEADERS: Final = 1000
"""Of one request. Each takes over a hundred bytes of memory: a head of 32 kB in the shortest ones,
twenty times as much as its length."""

HEAD_SECONDS: Final = 20
"""From the first byte of a connection or request to the end of its head."""

MAX_IN_TURN: Final = 100
"""Requests of one connection that are answered in one turn of the event loop, or under way."""

PIECE_BYTES: Final = 4096
"""Parsed at once; the shortest requests are 18 bytes, so some more than a turn's answers."""

MAX_OUTGOING_BYTES: Final = 64 * 1024
"""Of bodies, kept back until all has been read; beyond that a client that does not read has to
wait."""

SHORT_CHUNK_BYTES: Final = 64
MAX_SHORT_CHUNKS: Final = 1000
"""Of a body, which may have more if they are longer on average. To read one takes as long, however
short it is: a quarter of a megabyte of the shortest kept all others waiting for 36 ms."""

LINGER_SECONDS: Final = 20
"""For a client that takes nothing more of what is left for it, once its connection is closed."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """One connection."""

    _unread = 0
    _waiting = b""
    _has_begun = False
    _spans_pieces = False
    _head_is_complete = False
    _version = ""
    _is_answered = False
    _missing_bytes = 0
    _outgoing_bytes = 0
    _answers_in_turn = 0
    _refusal: str | None = None
    _date_lines: tuple[Sequence[tuple[bytes, bytes]], bytes] = ((), b"")
    _head_timer: asyncio.TimerHandle | None = None
    _linger_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        self._unanswered: deque[RequestResponseCycle] = deque()
        self._outgoing: list[bytes] = []
        self._fast_path: FastPath | None = getattr(self.app, "fast_path", None)
        super().connection_made(transport)
        self._peer = self.client[0] if self.client else ""
        self._begin_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._end_head()
        if self._linger_timer is not None:
            self._linger_timer.cancel()
        self._waiting = b""
        for cycle in self._unanswered:  # of which uvicorn tells only the last
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what there is time for; the rest waits, and meanwhile nothing more is read."""
        if self._refusal is not None:
            return
        if self._waiting:  # uvicorn reads on whenever a response is complete
            data, self._waiting = self._waiting + data, b""
        for start in range(0, len(data), PIECE_BYTES):
            if self._has_had_its_turn():
                self._waiting = data[start:]
                self.flow.pause_reading()
                return
            self._parse(data[start : start + PIECE_BYTES])
            if self.transport.is_closing():
                return

    def _has_had_its_turn(self) -> bool:
        is_much_under_way = (
            len(self._unanswered) >= MAX_IN_TURN and not self._unanswered[-1].more_body
        )
        return is_much_under_way or self._answers_in_turn >= MAX_IN_TURN or self.flow.write_paused

    def resume_writing(self) -> None:
        """Go on, since the client reads."""
        super().resume_writing()
        self._go_on()

    def _go_on(self) -> None:
        """Parse what waits, or read on."""
        if self.transport.is_closing():
            return
        if self._waiting:
            self.data_received(b"")
        if not self._waiting and not self._unanswered and not self.transport.is_closing():
            self.flow.resume_reading()

    def _parse(self, data: bytes) -> None:
        """Parse, unless more has come than a head, or the trailers of a body, may have."""
        self._unread += len(data)
        self._feed(data)
        self._spans_pieces = self._has_begun
        if self._head_timer is None and not self.transport.is_closing():
            cycle: RequestResponseCycle | None = self.cycle
            is_idle = cycle is None or cycle.response_complete
            # uvicorn ends the time-out of an idle connection at any byte
            if self._has_begun or (is_idle and self.timeout_keep_alive_task is None):
                self._begin_head()
        if self._unread > MAX_HEAD_BYTES and not self.transport.is_closing():
            self.send_400_response("Request head too large.")

    def _feed(self, data: bytes) -> None:
        """Give *data* to the parser; an upgrade is not taken up (RFC 9110 section 7.8)."""
        self._unset_keepalive_if_required()
        while data:
            try:
                self.parser.feed_data(data)
            except HttpParserUpgrade as upgrade:
                (read,) = upgrade.args
                data = data[read:]
            except HttpParserError:
                self.send_400_response("Invalid HTTP request received.")
                return
            else:
                return

    def on_message_begin(self) -> None:
        """Begin a request, of which nothing more than its head may ever be wanted."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._unset_keepalive_if_required()
        self._has_begun = True
        self._judged = JudgedHeaders()
        self._head_is_complete = self._is_answered = False
        self._missing_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; leave a trailer alone (RFC 9110 section 6.5.1)."""
        if self._head_is_complete:
            return
        if len(self.headers) >= MAX_HEADERS:
            raise BadHeadError
        name = name.lower()
        self.headers.append((name, value))
        if name in JUDGED:
            self._judged.add(name, value)
            self.expect_100_continue |= name == b"expect" and value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """Judge the head, then answer or start the request."""
        self._version = self.parser.get_http_version()
        self._judged.judge(self._version, is_upgrade=self.parser.should_upgrade())
        if self._spans_pieces:
            size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
            if size > MAX_HEAD_BYTES:
                raise BadHeadError
        self._end_head()
        self._has_begun = False
        self._head_is_complete = True
        self._unread = 0
        if self._fast_path is not None and self._answer_fast(self._fast_path):
            return
        self._send()
        head = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()  # makes the scope
        self.url, self.headers[:], self.expect_100_continue = head
        super().on_headers_complete()
        self._unanswered.append(self.cycle)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, after the answers to what was."""
        self._send()
        if self._unanswered and not self._unanswered[-1].more_body:
            self._refusal = msg
        else:
            super().send_400_response(msg)
            self._linger()

    def shutdown(self) -> None:
        """Close the connection, once what is under way has been answered."""
        self._send()
        super().shutdown()
        self._linger()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection."""
        super().timeout_keep_alive_handler()
        self._linger()

    def on_chunk_header(self) -> None:
        """Begin a chunk, if those before it were not too many that are too short."""
        self._missing_bytes += SHORT_CHUNK_BYTES
        if self._missing_bytes > MAX_SHORT_CHUNKS * SHORT_CHUNK_BYTES:
            raise BadBodyError

    def on_body(self, body: bytes) -> None:
        """Take a part of the body; the application decides how much of it to read."""
        self._unread = 0
        self._missing_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a request."""
        self._unread = 0
        if not self._is_answered:
            super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless this one still goes on: it may never end."""
        answered = self._unanswered.popleft()
        super().on_response_complete()
        if answered.more_body and not self.transport.is_closing():
            self.transport.close()
        self._linger()
        self._go_on()
        if self._refusal is not None and not self._unanswered and not self.transport.is_closing():
            self.send_400_response(self._refusal)

    def _start_asgi_task(  # type: ignore[override]
        self, cycle: RequestResponseCycle, app: ASGIApp
    ) -> None:
        """Run *app* for one request, and close the connection if it leaves its answer unfinished.

        It does where NASA breaks off, or the server waits no longer: no defect, as uvicorn thinks.
        """

        async def run(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            except asyncio.CancelledError:  # the server is ending, and has waited for this request
                if not cycle.response_started:
                    raise
            if cycle.response_started and not cycle.response_complete and not cycle.disconnected:
                cycle.disconnected = True
                self.transport.close()
                self._linger()

        super()._start_asgi_task(cycle, run)  # type: ignore[arg-type]

    def _linger(self, unsent: float = math.inf) -> None:
        """See that a connection ends once it is closed, though its client may not read.

        Args:
            unsent: bytes that waited when this was last looked at.
        """
        if not self.transport.is_closing() or (self._linger_timer and unsent == math.inf):
            return
        left = self.transport.get_write_buffer_size()
        if left < unsent:
            self._linger_timer = self.loop.call_later(LINGER_SECONDS, self._linger, left)
        else:
            self.transport.abort()

    def _answer_fast(self, fast_path: FastPath) -> bool:
        """Answer without a task, if nothing stands before this request or comes after its head."""
        parser = self.parser
        if (
            self._unanswered
            or self.flow.write_paused
            or self.transport.is_closing()
            or parser.get_method() != b"GET"
            or self._version != "1.1"
            or not parser.should_keep_alive()
            or self._judged.has_framing
        ):
            return False
        reply = fast_path.answer(self.url, self.headers, self._peer)
        if reply is None:
            return False
        dated = self.server_state.default_headers
        if dated is not self._date_lines[0]:  # uvicorn makes a new list each second
            self._date_lines = (dated, header_lines(dated))
        if not self._answers_in_turn:
            self.loop.call_soon(self._end_turn)
        self._answers_in_turn += 1
        head = (STATUS_LINE[reply.status], self._date_lines[1], reply.head, b"\r\n")
        self._outgoing += (*head, reply.body)
        self._outgoing_bytes += len(reply.body)
        if self._outgoing_bytes > MAX_OUTGOING_BYTES:
            self._send()
        self._is_answered = True
        self.server_state.total_requests += 1
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )
        return True

    def _end_turn(self) -> None:
        """Send what the fast path has answered in this turn of the loop, after all has been read.

        So clients are woken together, which saves several microseconds an answer.
        """
        self._send()
        self._answers_in_turn = 0
        self._go_on()

    def _send(self) -> None:
        """Send what has been answered so far."""
        if self._outgoing:
            self.transport.write(b"".join(self._outgoing))
            self._outgoing.clear()
            self._outgoing_bytes = 0

    def _begin_head(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._head_is_late)

    def _head_is_late(self) -> None:
        if self._unanswered or self._waiting:  # a pipelined head has time until it is its turn
            self._begin_head()
        else:
            self.timeout_keep_alive_handler()

    def _end_head(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None
