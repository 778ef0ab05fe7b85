"""Shows what `edge.metrics` counts: at `/metrics` for whoever has a token, or on a port of its own.

Several workers count in files of one folder, which `prometheus_client` wants to know before it is
imported; what is shown is then their sum.
"""

import hmac
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    generate_latest,
    start_http_server,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.problems import Problem
from edge.settings import Settings

PATH = "/metrics"

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which `prometheus_client` knows the folder."""

_UNAUTHORIZED = Problem.of_gateway(
    401,
    "METRICS_TOKEN_REQUIRED",
    "Send METRICS_TOKEN as a bearer token.",
    {"WWW-Authenticate": 'Bearer realm="metrics"'},
)


class ExpositionError(Exception):
    """The metrics cannot be shown as they are wanted; the message says what to do."""


def routes(token: SecretStr) -> list[Route]:
    """Give the route that shows everything to whoever has *token*."""
    wanted = f"Bearer {token.get_secret_value()}".encode()
    registry = _registry()

    async def show(request: Request) -> Response:
        given = request.headers.get("Authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, wanted):
            return _UNAUTHORIZED.response(request.scope["path"])
        headers = {"Cache-Control": "no-store"}
        return Response(generate_latest(registry), headers=headers, media_type=CONTENT_TYPE_LATEST)

    return [Route(PATH, show, methods=["GET"])]


@contextmanager
def counting(settings: Settings) -> Iterator[None]:
    """Let the workers started within count together, and show it on METRICS_PORT, if it is set.

    Raises:
        ExpositionError: there is no place for the workers' folder, or the port cannot be had.
    """
    is_shown = settings.metrics_token is not None or settings.metrics_port is not None
    with ExitStack() as stack:
        if is_shown and settings.web_concurrency > 1:
            stack.enter_context(_folder())
        if settings.metrics_port is not None:
            stack.enter_context(_listening(settings.host, settings.metrics_port))
        yield


@contextmanager
def _folder() -> Iterator[None]:
    try:
        folder = tempfile.TemporaryDirectory(prefix="astropiks-metrics-")
    except OSError as error:
        raise ExpositionError(
            "The workers cannot count together: no folder can be made for it "
            f"({type(error).__name__}). Let TMPDIR name one that can be written to."
        ) from None
    with folder as path:
        os.environ[FOLDER] = path
        try:
            yield
        finally:
            del os.environ[FOLDER]


@contextmanager
def _listening(host: str, port: int) -> Iterator[None]:
    try:
        server, thread = start_http_server(port, host, _registry())
    except OSError as error:
        raise ExpositionError(
            f"Cannot listen on {host} port {port} ({type(error).__name__}). "
            "Set METRICS_PORT to one that is free."
        ) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _registry() -> CollectorRegistry:
    """Give what this process counts; of several workers, what all of them do."""
    folder = os.environ.get(FOLDER)
    if folder is None:
        return REGISTRY
    registry = CollectorRegistry()
    registry.register(_LiveWorkers(folder))
    return registry


class _LiveWorkers(MultiProcessCollector):
    """What is in the folder, without the gauges of workers that have ended."""

    def __init__(self, folder: str) -> None:
        super().__init__(None, folder)  # type: ignore[no-untyped-call]
        self._folder = Path(folder)

    def collect(self) -> Iterator[Metric]:
        """Give every metric."""
        pids = {path.stem.rpartition("_")[2] for path in self._folder.glob("gauge_live*.db")}
        for pid in filter(str.isdigit, pids):
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                with suppress(FileNotFoundError):  # another worker has been faster
                    mark_process_dead(pid, str(self._folder))  # type: ignore[no-untyped-call]
        yield from super().collect()  # type: ignore[no-untyped-call]
