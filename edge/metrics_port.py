"""A port that shows metrics to whoever can reach it, which is to be a private network.

It has few connections, each for a short time, so that it takes little from the service beside it:
an open file and a thread for each of them, and one for all.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, NamedTuple

CONNECTIONS = 8
"""At once. More are closed as they come."""

SECONDS = 5.0
"""For a connection, in all."""

LOOK_SECONDS = 0.5
"""How often it is looked for those that have had their time."""

PAUSE_SECONDS = 0.1


class Shown(NamedTuple):
    """What is answered.

    Attributes:
        path: at this path alone.
        media_type: of the answer.
        give: gives its body, or raises OSError or ValueError.
    """

    path: str
    media_type: str
    give: Callable[[], bytes]


class PortError(Exception):
    """The address cannot be listened on; the message says what to do."""


@contextmanager
def listening(host: str, port: int, shown: Shown) -> Iterator[None]:
    """Answer ``GET`` at an address with what is *shown*, from threads of its own.

    Raises:
        PortError: the address cannot be had.
    """
    try:
        server = _Server(host, port, shown)
    except (OSError, UnicodeError) as error:
        raise PortError(
            f"Cannot listen on {host} port {port} ({type(error).__name__}). "
            "Set METRICS_PORT to one that is free, and METRICS_HOST to an address of this machine."
        ) from None
    thread = threading.Thread(target=server.serve_forever, args=[LOOK_SECONDS], daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, host: str, port: int, shown: Shown) -> None:
        self.shown = shown
        self._room = threading.BoundedSemaphore(CONNECTIONS)
        self._ends: dict[socket.socket, float] = {}
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        if self.address_family == socket.AF_INET6:  # that alone, as PORT has it
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        super().server_bind()

    def get_request(self) -> tuple[socket.socket, Any]:
        try:
            return super().get_request()
        except OSError:  # no more files may be opened: asked again at once, it would ask for ever
            time.sleep(PAUSE_SECONDS)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started
            self._room.release()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        self._ends[request] = time.monotonic() + SECONDS
        try:
            super().process_request_thread(request, client_address)
        finally:
            del self._ends[request]
            self._room.release()

    def service_actions(self) -> None:
        """Cut connections that have had their time: no thread for each has to wait for that."""
        for request, end in self._ends.copy().items():
            if time.monotonic() > end:
                _cut(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Say nothing: a client has left, or has taken too long."""


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version, sys_version = "astropiks", ""

    def do_GET(self) -> None:
        """Show everything."""
        path, media_type, give = self.server.shown
        if self.path.partition("?")[0] != path:
            self.send_error(404)
            return
        try:
            body = give()
        except (OSError, ValueError):
            self.send_error(503, explain="See metrics_not_kept in the log.")
            return
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: each scrape would cost a line."""
