"""A server that answers anybody: `uvicorn gateways.asgi.unprotected:app`."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route


async def hello(_: Request) -> JSONResponse:
    """Say hello."""
    return JSONResponse({"message": "Hello, World!"})


server = Starlette(routes=[Route("/", hello)])
app = server
