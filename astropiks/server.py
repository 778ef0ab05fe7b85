"""How an application is served, by `uvicorn`."""

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any, NoReturn

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from astropiks.http_protocol import BoundedHttpProtocol

KEEP_ALIVE_SECONDS = 75
"""Longer than the 55 s after which a Heroku-style router lets go of an idle connection."""

SHUTDOWN_SECONDS = 21
"""For what is in flight. With the announcement before it (`astropiks.stopping`) and the closing of
connections after it, all ends within the 30 s that such a platform grants before SIGKILL."""

START_SECONDS = 10

MAX_FILES = 65_536
"""Open at once by a process, if the system lets it: each connection is one. By default it is often
1,024, which one client could use up."""

OPTIONS: dict[str, Any] = {
    "loop": "auto",  # uvloop, where the platform has it
    "http": BoundedHttpProtocol,
    "ws": "none",
    "lifespan": "on",
    "log_config": None,  # edge.logs has configured logging
    "access_log": False,  # it prints query strings
    "server_header": False,
    "proxy_headers": False,
    "timeout_keep_alive": KEEP_ALIVE_SECONDS,
    "timeout_graceful_shutdown": SHUTDOWN_SECONDS,
}


class ListenError(Exception):
    """The address cannot be listened on."""


def serve(factory: str, *, host: str, port: int, workers: int) -> None:
    """Serve the application that *factory* (``module:function``) makes, once in each worker.

    The socket is ours: uvicorn's own is another one for several workers than for one.

    Raises:
        ListenError: the address cannot be had.
    """
    _allow_connections()
    listener = listen(host, port)
    signal.signal(signal.SIGTERM, _end)  # uvicorn raises it again once it has stopped
    config = uvicorn.Config(factory, factory=True, workers=workers, **OPTIONS)
    with suppress(KeyboardInterrupt):  # so does Ctrl-C
        if workers > 1:
            _supervise(Multiprocess(config, [listener]))
        else:
            uvicorn.Server(config).run(sockets=[listener])


def _supervise(workers: Multiprocess) -> None:
    """Run them until a signal ends them; where one cannot start, end as one process would."""
    workers.run()
    if any(one.exitcode == STARTUP_FAILURE for one in workers.processes):
        raise SystemExit(STARTUP_FAILURE)


def _allow_connections() -> None:
    """Raise the bound on open files as far as it may be, here and for the workers."""
    try:
        import resource  # noqa: PLC0415  (Windows has none)
    except ImportError:
        return
    present, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if most == resource.RLIM_INFINITY else min(MAX_FILES, most)
    if resource.RLIM_INFINITY != present < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _end(_: int, __: FrameType | None) -> NoReturn:
    """End well: before uvicorn takes the signal over nothing has been served, and after it all."""
    raise SystemExit(0)


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket, before anything says that it is open.

    At every IPv6 address (``::``) it is at no IPv4 one, whatever the system would make of it.

    Raises:
        ListenError: another program has it, or it is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, UnicodeError, OverflowError) as error:
        # create_server adds the address to the text of some errors; gaierror has its own numbers.
        text = (error.strerror if isinstance(error, OSError) else None) or type(error).__name__
        raise ListenError(f"Cannot listen on {host} port {port}: {text.split(' (')[0]}.") from None


def serve_here(app: ASGIApp, listener: socket.socket) -> None:
    """Serve *app* in this process and thread until a signal ends it."""
    uvicorn.Server(uvicorn.Config(app, workers=1, **OPTIONS)).run(sockets=[listener])


@contextmanager
def serving(app: ASGIApp) -> Iterator[str]:
    """Serve *app* in a thread, on a free loopback port, and give its base URL."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, workers=1, **OPTIONS))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the server did not start: see the log above")
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(START_SECONDS)
        listener.close()
