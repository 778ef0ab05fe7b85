"""`GET /planetary/apod`: from a request to an answer, and its caching headers."""

from typing import TypedDict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge import logs
from proxy import freshness, query
from proxy.errors import ApodError
from proxy.problems import failed
from proxy.service import Answer, ApodService

PATH = "/planetary/apod"

SERVER = "astropiks"
"""Our name in `Cache-Status` (RFC 9211)."""


class ApodState(TypedDict):
    """What the lifespan gives each request."""

    apod: ApodService
    max_days: int
    days_ahead: int
    clock: freshness.Clock


def routes(bases: tuple[str, ...]) -> list[Route]:
    """Give the route under each of *bases*."""
    return [Route(f"{base}{PATH}", picture_of_the_day, methods=["GET"]) for base in bases]


async def picture_of_the_day(request: Request[ApodState]) -> Response:
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
        return failed(error, request.scope)
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
