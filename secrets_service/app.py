"""Runtime secrets as routes and resources, for the composition root to serve."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from attestation.claims import Clock
from edge import logs, metrics
from edge.limits import Limiter
from edge.settings import Settings
from edge.verification import RECIPIENT_HEADER
from edge.watched_files import WatchedFile
from secrets_service.assembly import audit_key, build_catalog
from secrets_service.audit import AuditTrail, LogSink, Sink, StreamSink
from secrets_service.catalog_file import CatalogError
from secrets_service.errors import SecretError
from secrets_service.problems import problem_of
from secrets_service.service import Asker, SecretsService
from secrets_service.vault import Vault

STREAM = "astropiks:audit"

NO_STORE = {"Cache-Control": "no-store"}


class SecretsState(TypedDict):
    """What the lifespan gives each request."""

    secrets: SecretsService


def routes() -> list[Route]:
    """Give every path the service answers."""
    return [
        Route("/secrets", names, methods=["GET"]),
        Route("/secrets/{name}", secret, methods=["GET"]),
    ]


@asynccontextmanager
async def resources(
    settings: Settings, clock: Clock, limiter: Limiter
) -> AsyncIterator[SecretsState]:
    """Open what the routes need, and close it; *limiter* counts deliveries.

    Raises:
        CatalogError: the secrets are not configured rightly.
    """
    async with AsyncExitStack() as stack:
        sinks: list[Sink] = []
        if settings.redis_url is not None:
            from edge.redis_stream import RedisStream  # noqa: PLC0415  (see `astropiks.apps`)

            stream = RedisStream(settings, STREAM)
            stack.push_async_callback(stream.aclose)
            sinks.append(StreamSink(stream))
        sinks.append(LogSink())  # last: what fails before it must not stand there as delivered
        vault = Vault(
            clock,
            hold_seconds=settings.runtime_secrets_hold_seconds,
            stale_seconds=settings.runtime_secrets_stale_seconds,
        )
        stack.push_async_callback(vault.aclose)
        audit = AuditTrail(sinks, audit_key(settings) or os.urandom(32))
        catalog = build_catalog(settings, os.environ)
        service = SecretsService(catalog, vault, limiter, audit, clock=clock)
        yield {"secrets": service}


def watched_files(settings: Settings, service: SecretsService) -> list[WatchedFile]:
    """Give the file of secrets, if there is one, whose changes *service* follows."""

    def reload() -> None:
        try:
            service.replace_catalog(build_catalog(settings, os.environ))
        except CatalogError as error:
            metrics.count_secrets_reload("kept")
            logs.log("error", "secrets_file_kept", reason=str(error))
        except Exception as error:  # noqa: BLE001  (the watch goes on, whatever happens)
            metrics.count_secrets_reload("kept")
            logs.log("error", "secrets_file_kept", reason="a defect", exc_info=error)
        else:
            metrics.count_secrets_reload("replaced")
            logs.log("info", "secrets_file_replaced")

    path = settings.runtime_secrets_file
    return [WatchedFile(path, reload)] if path else []


async def names(request: Request[SecretsState]) -> Response:
    """Answer `GET /secrets`: names and versions that this client may have, no values."""
    listed = await request.state["secrets"].names(_asker(request))
    return JSONResponse({"secrets": listed}, headers=NO_STORE)


async def secret(request: Request[SecretsState]) -> Response:
    """Answer `GET /secrets/{name}`: the value, plain or sealed."""
    name, service = request.path_params["name"], request.state["secrets"]
    try:
        delivery = await service.deliver(name, _asker(request))
    except SecretError as error:
        metrics.count_secret(name if service.has(name) else "other", "refused")
        return problem_of(error).response(request.scope["path"])
    headers = {**NO_STORE, "ETag": f'"{delivery.version}"', "Vary": "Secret-Recipient"}
    if delivery.body is None:
        return Response(status_code=304, headers=headers)
    metrics.count_secret(name, "sealed" if delivery.is_sealed else "plain")
    media_type = "application/jose" if delivery.is_sealed else "application/json"
    return Response(delivery.body, headers=headers, media_type=media_type)


def _asker(request: Request[SecretsState]) -> Asker:
    tags = {
        tag.strip().removeprefix("W/").strip('"')
        for line in request.headers.getlist("If-None-Match")
        for tag in line.split(",")
    }
    wanted = RECIPIENT_HEADER.encode()
    return Asker(
        attestation=request.scope["attestation"],
        address=request.client.host if request.client else None,
        request_id=logs.request_id(),
        recipients=tuple(
            value for name, value in request.scope["headers"] if name.lower() == wanted
        ),
        tags=frozenset(tags),
    )
