"""Liveness and readiness, for the platform's router. Public, and silent about everything else."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

PATHS = ("/livez", "/readyz")


def routes() -> list[Route]:
    """Both probes. An application that serves at all has its keys and resources: it is ready."""
    return [Route(path, _ok, methods=["GET"]) for path in PATHS]


async def _ok(_: Request) -> Response:
    return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})
