"""Runtime secrets as routes and resources, for the composition root to serve."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


class SecretsState(TypedDict):
    """What the lifespan gives each request."""


def routes() -> list[Route]:
    """Give every path the service answers."""
    return [Route("/secrets", names, methods=["GET"])]


@asynccontextmanager
async def resources() -> AsyncIterator[SecretsState]:
    """Open what the routes need, and close it."""
    yield {}


async def names(_: Request) -> Response:
    """Answer `GET /secrets`: names and versions that this client may have. There are none yet."""
    return JSONResponse({"secrets": []}, headers={"Cache-Control": "no-store"})
