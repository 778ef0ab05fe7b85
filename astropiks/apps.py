"""ASGI factories: the one place where the parts meet."""

import gc
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import proxy.app
import secrets_service.app
from astropiks.openapi import addresses
from astropiks.openapi.routes import Description
from astropiks.stopping import announced
from astropiks.version import version
from attestation.claims import Clock
from attestation.verifier import RequestVerifier
from edge import (
    attest,
    defects,
    exposition,
    logs,
    metrics,
    tracing,
    verification,
    worker_counts,
)
from edge import health as probes
from edge.client_address import ClientAddress, Routers
from edge.environment import load
from edge.fast_path import FastPath
from edge.gate import AttestationGate, Paths, Refusals
from edge.health import Health, LastAnswers
from edge.known_paths import KnownPaths
from edge.limits import Limiter
from edge.problems import exception_handlers
from edge.rate_limit import DeviceLimit, RejectedLimit
from edge.request_log import RequestLog
from edge.settings import Settings
from edge.tracing import RequestSpans
from edge.watched_files import watching
from proxy import nasa_key
from proxy.ready import ReadyAnswers
from proxy.sources.client import Transport

if TYPE_CHECKING:
    from edge.redis_link import RedisLink


START_FAILURE = 3
"""By which `uvicorn` knows that a worker's successor would fail at its start as well."""

COLLECTION_THRESHOLD = 20_000
"""New objects until Python looks for garbage that counting does not find; it says 700."""


def from_environment() -> ASGIApp:
    """Build the application of one worker process, as `astropiks serve` runs it.

    Raises:
        SettingsError: the environment is not a configuration.
    """
    defects.take_over()
    settings = load(Settings)
    logs.hold_nobody_up(is_shared=settings.web_concurrency > 1)
    logs.configure(settings.log_format, settings.log_level)
    try:
        app = create_app(settings)
    except Exception as error:  # noqa: BLE001  (a worker's end would be told with its text)
        logs.log("error", "unexpected", exc_info=error)
        raise SystemExit(START_FAILURE) from None
    # What is there by now stays, and requests leave hardly any circles: no need to look for them
    # as often as Python does.
    gc.freeze()
    gc.set_threshold(COLLECTION_THRESHOLD)
    return app


@dataclass(frozen=True, slots=True)
class Application:
    """What a server serves.

    Attributes:
        app: the ASGI application.
        fast_path: what `astropiks.http_protocol` asks before that; other servers do without.
        paths: the exceptions of its gate, for who explains that.
    """

    app: ASGIApp
    fast_path: FastPath | None
    paths: Paths = Paths(frozenset())  # noqa: RUF009  (a frozen value)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on."""
        await self.app(scope, receive, send)


def create_app(
    settings: Settings, *, clock: Clock = time.time, transport: Transport | None = None
) -> Application:
    """Put routes and resources together, the gate round them, and the log round that.

    Args:
        settings: which services to serve, and how.
        clock: the present, as Unix time in seconds.
        transport: stands in for the network between the proxy and NASA.
    """
    link = link_to_redis(settings)
    limiter = Limiter(clock, link)
    health = Health(redis=link)
    verifier = verification.build(settings, clock, link)
    ready = ReadyAnswers(clock)
    routes = _routes(settings, health)
    lifespan = _Lifespan(settings, clock, transport, link, verifier, limiter, health, ready)
    application = Starlette(
        routes=routes, exception_handlers=exception_handlers(), lifespan=lifespan.opened
    )
    # A redirect to the path without a slash would be built from the client's Host header.
    application.router.redirect_slashes = False
    app: ASGIApp = application
    device_limit = None
    if settings.rate_limit_device != "off":
        app = device_limit = DeviceLimit(app, limiter=limiter, rate=settings.rate_limit_device)
    rejected = None
    if settings.rate_limit_rejected != "off":
        rejected = RejectedLimit(limiter, settings.rate_limit_rejected)
    paths = _paths(settings)
    app = gate = AttestationGate(
        app,
        verifier=verifier,
        paths=paths,
        refusals=Refusals(settings.approov_status_missing, settings.approov_status_invalid),
        origin=settings.public_base_url,
        rejected=rejected,
        questions=attest.Questions(
            settings.attest_callers, tells_reason=settings.attest_reason == "on"
        ),
    )
    known = KnownPaths(routes)
    routers = Routers(settings.forwarded_allow_ips)
    app = ClientAddress(RequestSpans(app, paths=known, routers=routers), routers=routers)
    app = RequestLog(app, paths=known)
    fast_path = None
    is_counted_elsewhere = limiter.is_shared and (device_limit or rejected)
    if not is_counted_elsewhere and settings.otel_exporter_otlp_endpoint is None:
        fast_path = FastPath(
            health=health,
            gate=gate,
            device_limit=device_limit,
            routers=routers,
            ready=dict.fromkeys(proxy.app.PATHS, ready) if settings.serves_proxy else {},
            paths=known,
        )
    return Application(LastAnswers(app, health=health), fast_path, paths)


def link_to_redis(settings: Settings) -> "RedisLink | None":
    """Make the way to Redis, if there is one; a process alone does without `redis`, some 6 MB."""
    if settings.redis_url is None:
        return None
    from edge.redis_link import RedisLink  # noqa: PLC0415

    return RedisLink(settings)


def _routes(settings: Settings, health: Health) -> list[Route]:
    described = Description(settings).routes()
    routes = [*health.routes(), *attest.routes(), *described]
    if settings.metrics_token:
        routes += exposition.routes(settings.metrics_token)
    if settings.serves_proxy:
        routes += proxy.app.routes(settings)
    if settings.serves_secrets:
        routes += secrets_service.app.routes()
    return routes


def _paths(settings: Settings) -> Paths:
    """Give the exceptions of the gate. Secrets are never among them."""
    public = {*probes.PATHS, *addresses.PATHS}
    if settings.metrics_token:
        public.add(exposition.PATH)  # it asks for a token of its own
    monitors = settings.serves_proxy and settings.approov_enforcement == "monitor"
    monitored = KnownPaths(proxy.app.routes(settings) if monitors else ())
    return Paths(frozenset(public), monitored)


@dataclass(frozen=True, slots=True)
class _Lifespan:
    """Opens what the application needs, and closes it."""

    settings: Settings
    clock: Clock
    transport: Transport | None
    link: "RedisLink | None"
    verifier: RequestVerifier
    limiter: Limiter
    health: Health
    ready: ReadyAnswers

    @asynccontextmanager
    async def opened(self, _: Starlette) -> AsyncIterator[dict[str, Any]]:
        try:
            async with self._opened() as state:
                yield state
        except Exception as error:
            logs.log("error", "unexpected", exc_info=error)  # the server would quote it
            raise

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[dict[str, Any]]:
        settings, link = self.settings, self.link
        state: dict[str, Any] = {}
        async with AsyncExitStack() as stack:
            # First, so that what is counted while all else closes is kept.
            await stack.enter_async_context(worker_counts.kept())
            traces = tracing.opened(settings.otel_exporter_otlp_endpoint, version())
            await stack.enter_async_context(traces)
            if link is not None:
                await stack.enter_async_context(link.opened())
            files = verification.watched_files(self.verifier, settings)
            if settings.serves_proxy:
                key = nasa_key.key_of(settings)
                opened = proxy.app.resources(
                    settings, self.clock, self.transport, link, self.ready, key
                )
                state |= await stack.enter_async_context(opened)
                files += nasa_key.watched_files(key)
            if settings.serves_secrets:
                opened_secrets = secrets_service.app.resources(settings, self.clock, self.limiter)
                secrets = await stack.enter_async_context(opened_secrets)
                files += secrets_service.app.watched_files(settings, secrets["secrets"])
                state |= secrets
            await stack.enter_async_context(watching(files))
            stack.enter_context(announced(self.health))
            metrics.show_process(version())
            listen = f"{settings.host}:{settings.port}"
            logs.log("info", "started", services=settings.services, listen=listen)
            yield state
        logs.log("info", "stopped")
        await logs.written()  # a worker ends by the signal, which waits for nothing
