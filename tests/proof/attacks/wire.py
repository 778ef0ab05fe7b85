"""HTTP byte by byte: what is sent is no client's, and what comes back is read strictly."""

import contextlib
import re
import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

PATIENCE_SECONDS = 5.0
"""For an answer that is due, on a machine that has other things to do."""

PAUSE_SECONDS = 0.0005
"""Between pieces: without, the system may join them. An idle server answers requests in less."""

STATUS_LINE = re.compile(rb"HTTP/1\.1 (\d{3}) [ -~]*")
FIELD_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ?([\t -~\x80-\xff]*)")
BODILESS = {204, 304}


class NoHttpError(AssertionError):
    """What came is no answer (RFC 9112 section 4), or not the whole of one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; names of its fields are in lower case."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def field(self, name: str) -> str:
        """Give the value of a field that is there once, or nothing."""
        values = [value for other, value in self.fields if other == name]
        if len(values) > 1:
            raise NoHttpError(f"{name} is there {len(values)} times")
        return values[0] if values else ""


def parsed(data: bytes, methods: Sequence[str] = ()) -> list[Answer]:
    """Read all answers in *data*, which there is nothing beside.

    Args:
        data: all that came on one connection.
        methods: of the requests, as far as they are not GET: an answer to HEAD has no body.

    Raises:
        NoHttpError: something else is there.
    """
    answers: list[Answer] = []
    while data:
        method = methods[len(answers)] if len(answers) < len(methods) else "GET"
        answer, data = _first(data, has_body=method != "HEAD")
        if answer.status >= 200:
            answers.append(answer)
    return answers


def _first(data: bytes, *, has_body: bool) -> tuple[Answer, bytes]:
    head, blank, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    status = STATUS_LINE.fullmatch(first)
    fields = [FIELD_LINE.fullmatch(line) for line in lines]
    if not blank or not status or not all(fields):
        raise NoHttpError(f"no head of an answer: {data[:300]!r}")
    pairs = [(one[1].decode().lower(), one[2].decode("latin-1")) for one in fields if one]
    answer = Answer(int(status[1]), tuple(pairs), b"")
    if not has_body or answer.status in BODILESS or answer.status < 200:
        return answer, rest
    if answer.field("transfer-encoding"):
        body, rest = _unchunked(rest)
    else:
        size = int(answer.field("content-length"))
        body, rest = rest[:size], rest[size:]
        if len(body) < size:
            raise NoHttpError("a body breaks off")
    return Answer(answer.status, answer.fields, body), rest


def _unchunked(data: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        line, _, data = data.partition(b"\r\n")
        size = int(line, 16)
        chunk, data = data[:size], data[size + 2 :]
        if len(chunk) < size:
            raise NoHttpError("a body in chunks breaks off")
        body += chunk
        if not size:
            return body, data


class Connection:
    """One connection to a server on this machine.

    Attributes:
        socket: of it.
        received: all that has come so far.
        ended: how the server ended it: ``"closed"``, ``"reset"``, or not at all.
    """

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
        self.received = b""
        self.ended = ""

    def send(self, data: bytes) -> None:
        """Send, also what the server may not want to have."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)

    def send_apart(self, pieces: Sequence[bytes]) -> None:
        """Send *pieces* in packets of their own, with a pause in which the server can read each."""
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number, piece in enumerate(pieces):
            if number:
                time.sleep(PAUSE_SECONDS)
            self.send(piece)

    def read(self, seconds: float) -> bool:
        """Receive what comes within so many *seconds*; tell whether anything did."""
        if self.ended or not select.select([self.socket], [], [], seconds)[0]:
            return False
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionError:
            self.ended = "reset"
            return True
        self.received += data
        self.ended = "" if data else "closed"
        return True

    def read_to_end(self, seconds: float = PATIENCE_SECONDS) -> bytes:
        """Give all that comes until the server closes.

        Raises:
            AssertionError: it does not, within so many *seconds*.
        """
        deadline = time.monotonic() + seconds
        while not self.ended:
            left = deadline - time.monotonic()
            assert left > 0, f"not closed within {seconds} s; came: {self.received[:300]!r}"
            self.read(left)
        return self.received


@contextmanager
def connected(port: int) -> Iterator[Connection]:
    """Connect, and hang up afterwards."""
    connection = Connection(port)
    try:
        yield connection
    finally:
        connection.socket.close()
