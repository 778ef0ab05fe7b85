"""ASGI factories: the one place where the parts meet."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

import proxy.app
import secrets_service.app
from attestation.token import Clock, TokenVerifier
from edge import health, logs
from edge.environment import load
from edge.gate import AttestationGate
from edge.problems import exception_handlers
from edge.request_log import RequestLog
from edge.settings import Settings
from proxy.sources.client import Transport


def from_environment() -> ASGIApp:
    """Build the application of one worker process, as `astropiks serve` runs it.

    Raises:
        SettingsError: the environment is not a configuration.
    """
    settings = load(Settings)
    logs.configure(settings.log_format, settings.log_level)
    return create_app(settings)


def create_app(
    settings: Settings, *, clock: Clock = time.time, transport: Transport | None = None
) -> ASGIApp:
    """Put log, gate, routes and resources together, from the outside in.

    Args:
        settings: which services to serve, and how.
        clock: the present, as Unix time in seconds.
        transport: stands in for the network between the proxy and NASA.
    """
    routes = _routes(settings)
    application = Starlette(
        routes=routes,
        exception_handlers=exception_handlers(),
        lifespan=_lifespan(settings, clock, transport),
    )
    # A redirect to the path without a slash would be built from the client's Host header.
    application.router.redirect_slashes = False
    gate = AttestationGate(
        application,
        verifier=TokenVerifier(settings.approov_base64_secret, clock=clock),
        public_paths=frozenset(health.PATHS),
        header_name=settings.approov_header_name,
        header_prefix=settings.approov_header_prefix,
    )
    return RequestLog(gate, paths=frozenset(route.path for route in routes))


def _routes(settings: Settings) -> list[Route]:
    routes = health.routes()
    if settings.serves_proxy:
        routes += proxy.app.routes()
    if settings.serves_secrets:
        routes += secrets_service.app.routes()
    return routes


def _lifespan(settings: Settings, clock: Clock, transport: Transport | None) -> Any:  # noqa: ANN401
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        state: dict[str, Any] = {}
        async with AsyncExitStack() as stack:
            if settings.serves_proxy:
                opened = proxy.app.resources(settings, clock, transport)
                state |= await stack.enter_async_context(opened)
            if settings.serves_secrets:
                state |= await stack.enter_async_context(secrets_service.app.resources())
            listen = f"{settings.host}:{settings.port}"
            logs.log("info", "started", services=settings.services, listen=listen)
            yield state
        logs.log("info", "stopped")

    return lifespan
