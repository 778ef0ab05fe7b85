"""ASGI factories: the one place where the parts meet."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Lifespan

import proxy.app
import secrets_service.app
from attestation.claims import Clock
from attestation.verifier import RequestVerifier
from edge import health, logs, metrics, verification
from edge.environment import load
from edge.gate import AttestationGate, Paths, Refusals
from edge.known_paths import KnownPaths
from edge.problems import exception_handlers
from edge.request_log import RequestLog
from edge.settings import Settings
from edge.watched_files import watching
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
    """Put routes and resources together, the gate round them, and the log round that.

    Args:
        settings: which services to serve, and how.
        clock: the present, as Unix time in seconds.
        transport: stands in for the network between the proxy and NASA.
    """
    verifier = verification.build(settings, clock)
    routes = _routes(settings)
    application = Starlette(
        routes=routes,
        exception_handlers=exception_handlers(),
        lifespan=_lifespan(settings, verifier, clock, transport),
    )
    # A redirect to the path without a slash would be built from the client's Host header.
    application.router.redirect_slashes = False
    gate = AttestationGate(
        application,
        verifier=verifier,
        paths=_paths(settings),
        refusals=Refusals(settings.approov_status_missing, settings.approov_status_invalid),
        origin=settings.public_base_url,
    )
    return RequestLog(gate, paths=KnownPaths(routes))


def _routes(settings: Settings) -> list[Route]:
    routes = health.routes()
    if settings.metrics_token:
        routes += metrics.routes(settings.metrics_token)
    if settings.serves_proxy:
        routes += proxy.app.routes(settings)
    if settings.serves_secrets:
        routes += secrets_service.app.routes()
    return routes


def _paths(settings: Settings) -> Paths:
    """Give the exceptions of the gate. Secrets are never among them."""
    public = {*health.PATHS}
    if settings.metrics_token:
        public.add(metrics.PATH)  # it asks for a token of its own
    monitors = settings.serves_proxy and settings.approov_enforcement == "monitor"
    monitored = KnownPaths(proxy.app.routes(settings) if monitors else ())
    return Paths(frozenset(public), monitored)


def _lifespan(
    settings: Settings, verifier: RequestVerifier, clock: Clock, transport: Transport | None
) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
        state: dict[str, Any] = {}
        async with AsyncExitStack() as stack:
            files = verification.watched_files(verifier, settings)
            if settings.serves_proxy:
                opened = proxy.app.resources(settings, clock, transport)
                state |= await stack.enter_async_context(opened)
            if settings.serves_secrets:
                opened_secrets = secrets_service.app.resources(settings, clock)
                secrets = await stack.enter_async_context(opened_secrets)
                files += secrets_service.app.watched_files(settings, secrets["secrets"])
                state |= secrets
            await stack.enter_async_context(watching(files))
            listen = f"{settings.host}:{settings.port}"
            logs.log("info", "started", services=settings.services, listen=listen)
            yield state
        logs.log("info", "stopped")

    return lifespan
