"""The service as in production, NASA's stand-in behind it, and the peers beside it."""

import json
import time
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from benchmarks import processes, tokens
from benchmarks.client import Connection, Reply
from benchmarks.machine import Cores, load_core, server_core
from benchmarks.peers import bare, hello
from benchmarks.processes import PYTHON, Command, Process, free_port, running, started

NASA_KEY = "nasa-key-of-the-benchmarks"
SECRET_TEXT = b64encode(tokens.SECRET).decode()

PATH = "/planetary/apod?date=2021-10-12"
STANDIN_PATH = "/standin/conditions"

HTTP_HEADERS = {"Connection": "Keep-Alive", "User-Agent": "okhttp/4.12.0"}
"""What OkHttp sends with each request, besides Host and the token; and `Accept-Encoding: gzip`, for
which there is a figure of its own."""

HAPROXY_CONFIGURATION = Path(bare.__file__).with_name("haproxy.cfg")

SETTINGS = {
    "HOST": "127.0.0.1",
    "NASA_API_KEY": NASA_KEY,
    "APPROOV_BASE64_SECRET": SECRET_TEXT,
    "METRICS_TOKEN": "metrics-token-of-the-benchmarks",
    "LOG_LEVEL": "info",
    "RATE_LIMIT_DEVICE": "999999/second",
}
"""All else is as by default. The limit counts, and keeps nobody back."""

STOCK = (
    *("--factory", "--host", "127.0.0.1", "--loop", "uvloop", "--http", "httptools"),
    *("--no-access-log", "--no-server-header", "--log-level", "warning"),
)
"""Uvicorn as it is, with the faster of its choices."""

START_CHECKS = 50

NOTHING: Mapping[str, str] = {}

OF_THE_SERVER = {"date", "connection"}
"""Headers that uvicorn adds by itself."""


class UnequalError(Exception):
    """A peer does not answer what it should."""


def headers(token: str) -> dict[str, str]:
    """Give what a genuine app sends."""
    return {**HTTP_HEADERS, "Approov-Token": token}


class Arena:
    """Starts contestants; they run until *stack* is unwound."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        """Start nobody yet.

        Args:
            stack: what ends them.
            folder: for what they print and are given.
        """
        self._stack = stack
        self._folder = folder

    def nasa(self) -> Process:
        """Start a stand-in for NASA, on the load's core."""
        port = free_port()
        arguments = [*PYTHON, "astropiks", "standin", "--port", str(port), "--key", NASA_KEY]
        return self._run(Command(arguments, {}, load_core()), port, STANDIN_PATH, {})

    def service(
        self,
        nasa: Process,
        settings: Mapping[str, str] = NOTHING,
        *,
        cores: Cores | None = None,
        program: Sequence[str] = ("astropiks", "serve"),
    ) -> Process:
        """Start `astropiks serve`, or another *program* like it, with some settings of its own."""
        port = free_port()
        nasa_url = f"http://127.0.0.1:{nasa.port}"
        environment = {
            **SETTINGS,
            "PORT": str(port),
            "NASA_API_BASE_URL": nasa_url,
            "NASA_SCIENCE_BASE_URL": nasa_url,
            **settings,
        }
        command = Command([*PYTHON, *program], environment, cores or server_core())
        return self._run(command, port, PATH, headers(tokens.development()))

    def service_with_redis(self, nasa: Process) -> Process | None:
        """Start a service that counts in a Redis of its own, if there is one, on the load's core.

        Raises:
            UnequalError: it does not use it.
        """
        found = processes.program("redis-server")
        if found is None:
            return None
        port = free_port()
        arguments = [found, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
        command = Command(arguments, {}, load_core())
        self._stack.enter_context(started(command, port, self._folder))
        process = self.service(nasa, {"REDIS_URL": f"redis://127.0.0.1:{port}"})
        for _ in range(START_CHECKS):
            if b"redis" not in ask(process, "/readyz", "").body:
                return process
            time.sleep(0.1)
        raise UnequalError("Redis is not used")

    def bare(self, answer: Reply) -> Process:
        """Start the bare application, which sends *answer*.

        Raises:
            UnequalError: it sends something else.
        """
        kept = {
            "status": answer.status,
            "headers": _without(answer, OF_THE_SERVER),
            "body": answer.body.decode("latin-1"),
        }
        port = free_port()
        path = self._folder / f"answer-{port}"
        path.write_text(json.dumps(kept), encoding="ascii")
        process = self._uvicorn(bare.__name__, port, {bare.ANSWER: str(path)})
        answers = [answer, ask(process, PATH, tokens.development())]
        status_headers_body = [
            (one.status, sorted(_without(one, OF_THE_SERVER)), one.body) for one in answers
        ]
        if status_headers_body[0] != status_headers_body[1]:
            raise UnequalError("the bare application answers something else")
        return process

    def hello(self) -> Process:
        """Start the FastAPI application."""
        process = self._uvicorn(hello.__name__, free_port(), {hello.SECRET: SECRET_TEXT})
        _demand_refusal(process)
        return process

    def haproxy(self, answer: Reply) -> Process | None:
        """Start HAProxy, if it is installed, and let it learn *answer* by heart."""
        found = processes.program("haproxy")
        if found is None:
            return None
        port = free_port()
        with ExitStack() as stack:
            behind = Arena(stack, self._folder).bare(_shareable(answer))
            environment = {
                "PORT": str(port),
                "SECRET": tokens.SECRET.decode(),
                "BARE_PORT": str(behind.port),
            }
            arguments = [found, "-db", "-f", str(HAPROXY_CONFIGURATION)]
            command = Command(arguments, environment, server_core())
            process = self._run(command, port, PATH, headers(tokens.development()))
        # What it answered from is gone: from here on all comes from its cache.
        if ask(process, PATH, tokens.development()).body != answer.body:
            raise UnequalError("HAProxy answers something else")
        _demand_refusal(process)
        return process

    def _uvicorn(self, module: str, port: int, environment: Mapping[str, str]) -> Process:
        arguments = [*PYTHON, "uvicorn", f"{module}:create_app", *STOCK, "--port", str(port)]
        command = Command(arguments, environment, server_core())
        return self._run(command, port, PATH, headers(tokens.development()))

    def _run(self, command: Command, port: int, path: str, sent: Mapping[str, str]) -> Process:
        return self._stack.enter_context(running(command, port, path, sent, self._folder))


def ask(process: Process, path: str, token: str, more: Mapping[str, str] = NOTHING) -> Reply:
    """Ask one of them as an app does, over a connection of its own."""
    with Connection(process.port) as connection:
        return connection.get(path, {**headers(token), **more})


def _demand_refusal(process: Process) -> None:
    """Demand that a peer looks at signatures.

    Raises:
        UnequalError: it does not.
    """
    if ask(process, PATH, tokens.forged(tokens.development())).status != 401:
        raise UnequalError("a peer lets a forged token pass")


def _without(answer: Reply, names: set[str]) -> list[tuple[str, str]]:
    return [pair for pair in answer.headers if pair[0].lower() not in names]


def _shareable(answer: Reply) -> Reply:
    """Let a shared cache keep an answer. HAProxy's keeps none that has an Age: it adds its own."""
    kept = _without(answer, {"age", "cache-control"})
    return replace(answer, headers=(*kept, ("cache-control", "max-age=3600")))
