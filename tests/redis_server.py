"""A real Redis (or Valkey), on a free port of loopback, that a test can stop, freeze and fill."""

import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from redis import Redis
from redis.backoff import ConstantBackoff, NoBackoff
from redis.retry import Retry

from tests.processes import PATH, free_port

END_SECONDS = 10


class RedisServer:
    """One server, with nothing on disk."""

    def __init__(self, folder: Path, options: Sequence[str] = ()) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        self.client = Redis(port=self.port, retry=Retry(ConstantBackoff(0.02), 500))
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, empty."""
        with (self._folder / "redis-output").open("ab") as output:
            self._process = subprocess.Popen(
                [
                    program(),
                    *("--port", str(self.port), "--bind", "127.0.0.1", "--save", ""),
                    *self._options,
                ],
                env={"PATH": PATH},
                cwd=self._folder,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.client.ping()

    def stop(self) -> None:
        """Kill it."""
        if self._process:
            self._process.kill()
            self._process.wait(END_SECONDS)

    def freeze(self) -> None:
        """Stop it as a debugger would: connections stay, and nothing answers."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def contents(self, seconds: float | None = None) -> bytes:
        """Give every key and value that lies there, and how it names its clients.

        Args:
            seconds: for each answer, where the server may be frozen or gone; then it has no
                password.
        """
        client = self.client
        if seconds is not None:
            client = Redis(port=self.port, socket_timeout=seconds, retry=Retry(NoBackoff(), 0))
        client.config_set("rdbcompression", "no")  # else long values would be unreadable
        keys: Any = client.keys("*")
        dumps = client.pipeline(transaction=False)
        for key in keys:
            dumps.dump(key)
        stored = b"".join(value for value in dumps.execute() if value is not None)
        told = repr(keys).encode() + stored + repr(client.client_list()).encode()
        if client is not self.client:
            client.close()
        return told

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill it."""
        self.client.close()
        self.stop()


def program() -> str:
    """Give the server's program, or skip the test."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        pytest.skip("NO REDIS HERE: install redis-server to have what processes share tested")
    return found


@contextmanager
def slowed(port: int, seconds: float | Callable[[], float]) -> Iterator[int]:
    """Stand before a server on *port* so that each of its answers comes so much later."""
    answer_seconds = seconds if callable(seconds) else lambda: seconds
    listener = socket.create_server(("127.0.0.1", 0))
    ends: list[socket.socket] = [listener]

    def relay(source: socket.socket, target: socket.socket, delay: Callable[[], float]) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(delay())
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", port))
                ends.extend([client, server])
                for pair in ((client, server, float), (server, client, answer_seconds)):
                    threading.Thread(target=relay, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


class _Liar(socketserver.StreamRequestHandler):
    """Speaks to one client."""

    def handle(self) -> None:
        """Answer what looks whether Redis is there, and the rest with the one reply."""
        while head := self.rfile.readline():
            words = [self._word() for _ in range(int(head[1:]))]
            self.wfile.write(self._reply(words))

    def _word(self) -> bytes:
        size = int(self.rfile.readline()[1:])
        return self.rfile.read(size + 2)[:-2]

    def _reply(self, words: list[bytes]) -> bytes:
        match words[0].upper():
            case b"PING":
                return b"+PONG\r\n"
            case b"SUBSCRIBE":
                return b"*3\r\n$9\r\nsubscribe\r\n$%d\r\n%s\r\n:1\r\n" % (len(words[1]), words[1])
            case b"SET" if words[1].endswith(b":alive"):
                return b"+OK\r\n"
            case _:
                assert isinstance(self.server, _LyingServer)
                return self.server.reply


class _LyingServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, reply: bytes, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Liar)
        self.reply = reply
        self._ends: list[socket.socket] = []

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take a connection."""
        end, address = super().get_request()
        self._ends.append(end)
        return end, address

    def break_off(self) -> None:
        """End all connections."""
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextmanager
def lying(reply: bytes, port: int = 0) -> Iterator[str]:
    """Be something at an address that is there, and gives the same *reply* to everything."""
    with _LyingServer(reply, port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"redis://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.break_off()
            thread.join()
