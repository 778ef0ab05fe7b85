"""And with tokens bound to the user: `uvicorn gateways.asgi.with_binding:app`."""

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from attestation.asgi import AttestationMiddleware
from attestation.verifier import RequestVerifier


async def hello(_: Request) -> JSONResponse:
    """Say hello."""
    return JSONResponse({"message": "Hello, World!"})


server = Starlette(routes=[Route("/", hello)])
verifier = RequestVerifier.of_secrets(
    os.environ["APPROOV_BASE64_SECRET"], bound_to=("Authorization",)
)
app = AttestationMiddleware(server, verifier)
