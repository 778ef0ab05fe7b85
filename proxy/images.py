"""Pictures through this service: `GET /v2/<host>/…`, streamed from that host.

Of the client's headers only those that choose a part or a version of the file go on, and only in
their plain forms.
"""

import re
from collections import Counter
from functools import partial
from typing import TypedDict

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.problems import NOT_FOUND, Problem
from edge.transfers import TransferLimit
from proxy import paths
from proxy.errors import ApodError
from proxy.problems import failed
from proxy.relay import Relay
from proxy.sources.pictures import PictureSource
from proxy.upstream_path import UnsafePathError, below, plain_query

MAX_AGE_SECONDS = 24 * 3600
"""For which a phone may keep a file unasked. Corrections come under new names, or early."""

TAG = r'(?:W/)?"[!#-~]{0,128}"'
DATE = r"[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT"

CONDITIONS = {
    "Range": re.compile(r"bytes=(?:\d{1,12}-\d{0,12}|-\d{1,12})"),
    "If-Range": re.compile(f"{TAG}|{DATE}"),
    "If-None-Match": re.compile(rf"\*|{TAG}(?:, ?{TAG}){{0,7}}"),
    "If-Modified-Since": re.compile(DATE),
}
"""One range, some tags, one date (RFC 9110 sections 13.1, 14.2). Other forms count as not sent."""

BOTH_ENDS = re.compile(r"bytes=(\d+)-(\d+)")

UNSATISFIED = re.compile(r"bytes \*/\d{1,12}")

PASSED_ON = (
    "Content-Type",
    "Content-Length",
    "Content-Range",
    "Accept-Ranges",
    "ETag",
    "Last-Modified",
)


class PicturesState(TypedDict, total=False):
    """What the lifespan gives each request."""

    pictures: PictureSource


def routes(hosts: tuple[str, ...]) -> list[Route]:
    """Give the routes to the pictures of *hosts*."""
    limit = Middleware(TransferLimit, under_way=Counter())
    return [
        Route(
            f"{paths.of_host(host)}{{path:path}}",
            partial(image, host),
            methods=["GET"],
            middleware=[limit],
        )
        for host in hosts
    ]


async def image(host: str, request: Request[PicturesState]) -> Response:
    """Answer `GET /v2/<host>/…`."""
    try:
        path = below(paths.of_host(host), request.scope["raw_path"])
        query = plain_query(request.scope["query_string"])
    except UnsafePathError:
        return NOT_FOUND.response(request.scope["path"])
    try:
        stream = await request.state["pictures"].open(
            request.method, host, path, query, _conditions(request)
        )
    except ApodError as error:
        return failed(error, request.scope)
    if stream.status == 416:
        await stream.aclose()
        return _unsatisfiable(stream.headers.get("Content-Range")).response(request.scope["path"])
    headers = {"Cache-Control": f"private, max-age={MAX_AGE_SECONDS}"}
    passed_on = PASSED_ON if stream.status != 304 else ("ETag", "Last-Modified")
    return Relay(stream, stream.chunks(), passed_on=passed_on, headers=headers)


def _conditions(request: Request[PicturesState]) -> dict[str, str]:
    given = {name: request.headers.getlist(name) for name in CONDITIONS}
    return {
        name: values[0]
        for name, values in given.items()
        if len(values) == 1 and CONDITIONS[name].fullmatch(values[0]) and _ascends(values[0])
    }


def _ascends(value: str) -> bool:
    """Tell whether a range, if it is one with two ends, has them in order: else it is none."""
    ends = BOTH_ENDS.fullmatch(value)
    return ends is None or int(ends[1]) <= int(ends[2])


def _unsatisfiable(content_range: str | None) -> Problem:
    is_known = content_range is not None and UNSATISFIED.fullmatch(content_range)
    headers = {"Content-Range": content_range} if is_known and content_range else {}
    message = "The file has no such part."
    return Problem.of_gateway(416, "RANGE_NOT_SATISFIABLE", message, headers)
