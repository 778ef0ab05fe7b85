"""`GET /planetary/apod`: from a request to an answer."""

from typing import TypedDict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge import logs, metrics
from proxy import freshness, query
from proxy.errors import ApodError
from proxy.problems import failed
from proxy.ready import ReadyAnswers
from proxy.reply import reply, wish_of
from proxy.service import ApodService

PATH = "/planetary/apod"


class ApodState(TypedDict):
    """What the lifespan gives each request."""

    apod: ApodService
    ready: ReadyAnswers
    max_days: int
    days_ahead: int
    clock: freshness.Clock


def routes(bases: tuple[str, ...]) -> list[Route]:
    """Give the route under each of *bases*."""
    return [Route(f"{base}{PATH}", picture_of_the_day, methods=["GET"]) for base in bases]


async def picture_of_the_day(request: Request[ApodState]) -> Response:
    """Answer `GET /planetary/apod`."""
    today = freshness.today(request.state["clock"]())
    ready = request.state["ready"]
    since = ready.mark()
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
    metrics.count_cache_result("apod", answer.cache)
    ready.keep(request.scope["query_string"], asked, answer, since)
    codings, tags = map(request.headers.getlist, ("Accept-Encoding", "If-None-Match"))
    return reply(answer, wish_of(answer, codings, tags), request.state["clock"]())
