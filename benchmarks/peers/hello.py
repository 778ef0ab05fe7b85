"""What one would write first: FastAPI, with PyJWT in a middleware. It only says hello."""

import os
from base64 import b64decode

import jwt
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.middleware.base import RequestResponseEndpoint

SECRET = "HELLO_BASE64_SECRET"
"""The variable with the key."""


def create_app() -> FastAPI:
    """Make it, with the key of the environment."""
    app = FastAPI()
    secret = b64decode(os.environ[SECRET])

    @app.middleware("http")
    async def attest(request: Request, call_next: RequestResponseEndpoint) -> Response:
        token = request.headers.get("Approov-Token", "")
        try:
            jwt.decode(token, secret, algorithms=["HS256"], options={"require": ["exp"]})
        except jwt.InvalidTokenError:
            return JSONResponse({"detail": "not attested"}, 401)
        return await call_next(request)

    @app.get("/planetary/apod")
    async def hello() -> dict[str, str]:
        return {"message": "hello"}

    return app
