"""Requests whose path is sent as it stands: clients would tidy it up."""

from urllib.parse import unquote

import httpx
from asgi_lifespan import LifespanManager
from starlette.types import Message

from astropiks.apps import create_app
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import EVERYTHING, make_settings


async def get(nasa: StandIn, clock: SettableClock, token: str, target: str) -> int:
    """Ask for a request target, byte for byte, and give the status."""
    path, _, query = target.partition("?")
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    app = create_app(make_settings(**EVERYTHING), clock=clock, transport=httpx.ASGITransport(nasa))
    async with LifespanManager(app) as manager:
        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": "GET",
            "scheme": "https",
            "path": unquote(path),
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(b"host", b"proxy.test"), (b"approov-token", token.encode())],
            "server": None,
            "client": None,
        }
        await manager.app(scope, receive, send)
    (status,) = statuses
    return status
