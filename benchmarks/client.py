"""One connection that is kept alive, on a bare socket: next to nothing of the time is its own."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

TIMEOUT_SECONDS = 30
CHUNK_BYTES = 256 * 1024


class UnreadableError(Exception):
    """The answer is none that this client can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, as it came.

    Attributes:
        status: its code.
        headers: names and values, in order.
        body: without any decoding.
        size: of all of it, in bytes.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    size: int

    def header(self, name: str) -> str | None:
        """Give a header's value."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Connection:
    """To a port of this machine."""

    def __init__(self, port: int) -> None:
        self._host = f"127.0.0.1:{port}"
        self._socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        """Keep it open meanwhile."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        """Close it."""
        self._socket.close()

    def get(self, path: str, headers: Mapping[str, str]) -> Reply:
        """Ask, and wait for the whole answer.

        Raises:
            OSError: there is none.
            UnreadableError: it does not tell how long its body is.
        """
        lines = [f"GET {path} HTTP/1.1", f"Host: {self._host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        received = bytearray()
        while (end := received.find(b"\r\n\r\n")) < 0:
            self._receive(received)
        status, fields = _parse(received[:end].decode("latin-1"))
        begin = end + 4
        length = begin + _length(status, fields)
        while len(received) < length:
            self._receive(received)
        return Reply(status=status, headers=fields, body=bytes(received[begin:length]), size=length)

    def _receive(self, received: bytearray) -> None:
        data = self._socket.recv(CHUNK_BYTES)
        if not data:
            raise ConnectionError("the server closed the connection")
        received += data


def _parse(head: str) -> tuple[int, tuple[tuple[str, str], ...]]:
    """Read status line and headers."""
    first, *lines = head.split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), tuple((name, value.strip()) for name, _, value in pairs)


def _length(status: int, headers: tuple[tuple[str, str], ...]) -> int:
    """Give the length of the body (RFC 9112 section 6.3)."""
    if status in {204, 304}:
        return 0
    for name, value in headers:
        if name.lower() == "content-length":
            return int(value)
    raise UnreadableError("the answer has no Content-Length")
