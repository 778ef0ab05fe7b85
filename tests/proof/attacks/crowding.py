"""Many connections that keep a server waiting.

`python -m tests.proof.attacks.crowding PORT NUMBER KIND`.

Idle ones send nothing; slow ones send a request a byte at a time, each a byte in a second. Those
that are closed are opened anew. It tells each round how many have been closed, be it once or more
often, and ends when its input does.
"""

import contextlib
import resource
import select
import socket
import sys
import time

from tests.proof.attacks.http_cases import HOST, TOKEN

ROUND_SECONDS = 1.0
SPARE_DESCRIPTORS = 100

HEAD = b"GET /planetary/apod HTTP/1.1\r\n" + HOST + TOKEN
"""Never ended."""


class Member:
    """One connection."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.closed = -1
        self._connect()

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), 10)
        self._socket.settimeout(0)
        self._sent = 0
        self.closed += 1

    def go_on(self, *, is_slow: bool) -> None:
        """Send a byte, if it is slow, and see whether the server has had enough."""
        data: bytes | None = None
        with contextlib.suppress(BlockingIOError):
            try:
                if is_slow:
                    self._sent += self._socket.send(HEAD[self._sent : self._sent + 1])
                data = self._socket.recv(4096)
            except ConnectionError:
                data = b""
        if data is not None:
            self._socket.close()
            self._connect()


def allow(descriptors: int) -> None:
    """Let this process, and what it starts, have so many files and sockets, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < descriptors:
        wanted = descriptors if hard == resource.RLIM_INFINITY else min(descriptors, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> None:
    """Be there until standard input ends."""
    port, number, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    allow(number + SPARE_DESCRIPTORS)
    members = [Member(port) for _ in range(number)]
    while True:
        began = time.monotonic()
        sys.stdout.write(f"{sum(member.closed > 0 for member in members)}\n")
        sys.stdout.flush()
        for place, member in enumerate(members):  # spread over the round, as strangers are
            left = began + ROUND_SECONDS * place / number - time.monotonic()
            if select.select([sys.stdin], [], [], max(0.0, left))[0]:
                return
            member.go_on(is_slow=kind == "slow")


if __name__ == "__main__":
    main()
