"""The proxy as routes and resources, for the composition root to serve."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge import logs
from edge.settings import Settings, SourceName
from proxy import freshness, query
from proxy.errors import ApodError
from proxy.holdings import Holdings, Source
from proxy.problems import problem_of
from proxy.service import Answer, ApodService
from proxy.sources.breaker import Breaker
from proxy.sources.chain import ChainSource, Link
from proxy.sources.client import Client, Transport, open_client
from proxy.sources.exchange import Upstream
from proxy.sources.key import NasaKey
from proxy.sources.legacy import LegacySource
from proxy.sources.quota import Quota
from proxy.sources.science import ScienceSource

PREFIXES = ("", "/v2/api.nasa.gov")
"""NASA's own path, and the one that the Astropiks app uses."""

SERVER = "astropiks"
"""Our name in `Cache-Status` (RFC 9211)."""


class ProxyState(TypedDict):
    """What the lifespan gives each request."""

    apod: ApodService
    max_days: int
    days_ahead: int
    clock: freshness.Clock


def routes() -> list[Route]:
    """Give every path the proxy answers."""
    return [Route(f"{prefix}/planetary/apod", picture, methods=["GET"]) for prefix in PREFIXES]


@asynccontextmanager
async def resources(
    settings: Settings, clock: freshness.Clock, transport: Transport | None = None
) -> AsyncIterator[ProxyState]:
    """Open what the routes need, and close it.

    Args:
        settings: with `nasa_api_key` set, if `legacy` is among the sources.
        clock: the present.
        transport: stands in for the network in tests.
    """
    async with open_client(transport) as client:
        links = [
            Link(name, _source(name, settings, client, clock), Breaker(clock))
            for name in settings.apod_sources
        ]
        holdings = Holdings(
            ChainSource(links, clock=clock),
            clock=clock,
            stale_seconds=settings.apod_stale_days * freshness.DAY,
        )
        latest = settings.apod_unpublished == "latest"
        service = ApodService(holdings, clock=clock, latest_for_unpublished=latest)
        state: ProxyState = {
            "apod": service,
            "clock": clock,
            "max_days": settings.apod_max_range_days,
            # In Kiritimati it is tomorrow for ten hours of UTC's today.
            "days_ahead": 1 if latest else 0,
        }
        warming = asyncio.create_task(holdings.warm(settings.apod_warm_days))
        try:
            yield state
        finally:
            warming.cancel()
            await asyncio.gather(warming, return_exceptions=True)
            await holdings.aclose()


def _source(name: SourceName, settings: Settings, client: Client, clock: freshness.Clock) -> Source:
    upstream = Upstream(name, client, Quota(name, clock))
    if name == "science":
        return ScienceSource(upstream, base_url=settings.nasa_science_base_url)
    assert settings.nasa_api_key is not None  # noqa: S101  (settings require it for `legacy`)
    key = NasaKey(settings.nasa_api_key, settings.nasa_api_key_in)
    return LegacySource(upstream, base_url=settings.nasa_api_base_url, key=key)


async def picture(request: Request[ProxyState]) -> Response:
    """Answer `GET /planetary/apod`."""
    today = freshness.today(request.state["clock"]())
    try:
        asked = query.parse(
            request.scope["query_string"],
            today=today,
            max_days=request.state["max_days"],
            days_ahead=request.state["days_ahead"],
        )
        answer = await request.state["apod"].answer(asked)
    except ApodError as error:
        return problem_of(error).response(request.scope)
    logs.note(cache=answer.cache)
    headers = _headers(answer)
    tags = request.headers.getlist("If-None-Match")
    if not answer.is_random and _matches(tags, answer.etag):
        return Response(status_code=304, headers=headers)
    return Response(answer.body, headers=headers, media_type="application/json")


def _headers(answer: Answer) -> dict[str, str]:
    """Caching headers (RFC 9111): private, since what lies behind a token is not for sharing."""
    ttl = answer.lifetime - answer.age
    is_stale = answer.cache in {"stale-while-revalidate", "stale-if-error"}
    status = {
        "hit": f"hit; ttl={ttl}",
        "stale-while-revalidate": f"hit; ttl={ttl}; detail=stale-while-revalidate",
        "stale-if-error": f"hit; ttl={ttl}; detail=stale-if-error",
        "miss": "fwd=miss; stored",
        "refreshed": "fwd=stale; stored",
        "collapsed": "fwd=miss; collapsed",
    }[answer.cache]
    # A stale answer must not be pinned downstream by the lifetime it once had.
    max_age = 0 if is_stale else answer.lifetime
    if answer.is_random:
        return {"Cache-Control": "private, no-store", "Cache-Status": f"{SERVER}; {status}"}
    return {
        "Age": str(answer.age),
        "Cache-Control": f"private, max-age={max_age}",
        "Cache-Status": f"{SERVER}; {status}",
        "ETag": answer.etag,
    }


def _matches(if_none_match: list[str], etag: str) -> bool:
    """Compare weakly, as RFC 9110 section 13.1.2 wants it for If-None-Match."""
    tags = {tag.strip().removeprefix("W/") for line in if_none_match for tag in line.split(",")}
    return etag in tags or if_none_match == ["*"]
