"""Shows what `edge.metrics` counts, as Prometheus reads it.

At `/metrics` for whoever has the token, or on a port of its own (`edge.metrics_port`).
"""

import asyncio
import hmac
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge import worker_counts
from edge.instruments import Family
from edge.metrics import INSTRUMENTS
from edge.metrics_port import PortError, Shown, listening
from edge.problems import Problem
from edge.settings import Settings

PATH = "/metrics"

_UNAUTHORIZED = Problem.of_gateway(
    401,
    "METRICS_TOKEN_REQUIRED",
    "Send METRICS_TOKEN as a bearer token.",
    {"WWW-Authenticate": 'Bearer realm="metrics"'},
)
_NOT_KEPT = Problem.of_gateway(
    503,
    "METRICS_NOT_KEPT",
    "The counts of all workers cannot be added up. See metrics_not_kept in the log.",
)


class ExpositionError(Exception):
    """The metrics cannot be shown as they are wanted; the message says what to do."""


def routes(token: SecretStr) -> list[Route]:
    """Give the route that shows everything to whoever has *token*."""
    wanted = f"Bearer {token.get_secret_value()}".encode()

    async def show(request: Request) -> Response:
        given = request.headers.get("Authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, wanted):
            return _UNAUTHORIZED.response(request.scope["path"])
        try:
            shown = await asyncio.to_thread(exposition)
        except (OSError, ValueError):
            return _NOT_KEPT.response(request.scope["path"])
        headers = {"Cache-Control": "no-store"}
        return Response(shown, headers=headers, media_type=CONTENT_TYPE_LATEST)

    return [Route(PATH, show, methods=["GET"])]


def exposition() -> bytes:
    """Write down what this process counts; of several workers, what all of them do.

    Raises:
        OSError: what several workers count cannot be written or read.
    """
    registry = CollectorRegistry()
    workers = worker_counts.own_counts()
    if workers is None:
        registry.register(_Own())
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=registry)
    else:
        workers.write()
        registry.register(workers)
    return generate_latest(registry)


class _Own:
    """What this process counts."""

    def collect(self) -> Iterator[Family]:
        """Give each instrument."""
        return (one.family(one.numbers()) for one in INSTRUMENTS)


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
            host = settings.metrics_host or settings.host
            shown = Shown(PATH, CONTENT_TYPE_LATEST, exposition)
            try:
                stack.enter_context(listening(host, settings.metrics_port, shown))
            except PortError as error:
                raise ExpositionError(f"{error}") from None
        yield


@contextmanager
def _folder() -> Iterator[None]:
    try:
        folder = tempfile.TemporaryDirectory(
            prefix="astropiks-metrics-", ignore_cleanup_errors=True
        )
    except OSError as error:
        raise ExpositionError(
            "The workers cannot count together: no folder can be made for it "
            f"({type(error).__name__}). Let TMPDIR name one that can be written to."
        ) from None
    with folder as path:
        os.environ[worker_counts.FOLDER] = path
        try:
            yield
        finally:
            del os.environ[worker_counts.FOLDER]
