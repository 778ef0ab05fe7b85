"""Many connections that send what has no end, at once, and read nothing.

`python -m tests.proof.attacks.endless PORT NUMBER NAME TOKEN`.

It tells when they have come together. Then each sends as much as is taken of it. When all is sent,
or nothing more is taken of anybody, it tells how many bytes that was; it ends when its input does.
"""

import contextlib
import select
import socket
import sys
from collections.abc import Mapping

from tests.proof.attacks.crowding import SPARE_DESCRIPTORS, allow
from tests.proof.attacks.http_cases import CHUNKED, GET, GOOD, HOST, POST, TOKEN

UNREAD = "requests, no answer of which is read"

ENDLESS: Mapping[str, tuple[bytes, bytes]] = {
    "headers": (GET + HOST, b"a: b\r\n" * 1000),
    "one header": (GET + HOST + b"a: ", b"b" * 6000),
    "a target": (b"GET /", b"a" * 6000),
    "chunk extensions": (POST + HOST + TOKEN + CHUNKED + b"1;a=", b"b" * 6000),
    "trailers": (POST + HOST + TOKEN + CHUNKED + b"0\r\n", b"a: b\r\n" * 1000),
    "a body": (POST + HOST + TOKEN + CHUNKED, b"1770\r\n" + b"b" * 6000 + b"\r\n"),
    "a body without a token": (POST + HOST + b"Content-Length: 99999999\r\n\r\n", b"b" * 6000),
    UNREAD: (b"", GOOD * 10),
    "empty lines": (b"", b"\r\n" * 3000),
    "small chunks": (POST + HOST + TOKEN + CHUNKED, b"1\r\nb\r\n" * 1000),
}
"""How each begins, and what it repeats."""

PIECES = 200
QUIET_MS = 500


class Sender:
    """One connection."""

    def __init__(self, port: int, data: bytes) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.settimeout(0)
        self._data = memoryview(data)
        self.taken = 0

    def go_on(self) -> bool:
        """Send some more, and tell whether there may still be something to send."""
        with contextlib.suppress(BlockingIOError):
            try:
                self.taken += self.socket.send(self._data[self.taken :])
            except ConnectionError:
                return False
        return self.taken < len(self._data)


def main() -> None:
    """Send, tell, and be there until standard input ends."""
    port, number, name, token = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    allow(number + SPARE_DESCRIPTORS)
    beginning, piece = (part.replace(b"TOKEN", token.encode()) for part in ENDLESS[name])
    senders = [Sender(port, beginning + piece * PIECES) for _ in range(number)]
    sys.stdout.write("together\n")
    sys.stdout.flush()
    poll = select.poll()
    going_on = {sender.socket.fileno(): sender for sender in senders}
    for one in going_on:
        poll.register(one, select.POLLOUT)
    while ready := poll.poll(QUIET_MS):
        for one, _ in ready:
            if not going_on[one].go_on():
                poll.unregister(one)
    sys.stdout.write(f"{sum(sender.taken for sender in senders)}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
