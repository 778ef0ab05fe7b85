"""One request to the application in this very process, by the way that all others take."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Scope

SECONDS = 3.0
"""A page is not kept waiting for longer; NASA may be."""


@dataclass(slots=True)
class Answer:
    """What came back.

    Attributes:
        status: HTTP status code; 0 if nothing came in time.
        body: all of it.
    """

    status: int = 0
    body: bytes = field(default=b"", repr=False)


async def ask(app: ASGIApp, scope: Scope, target: str, headers: Mapping[str, str]) -> Answer:
    """Ask for ``GET`` *target* on behalf of the client whose request *scope* is."""
    path, _, query = target.partition("?")
    own = {b"host": dict(scope["headers"])[b"host"]}
    own |= {name.lower().encode(): value.encode() for name, value in headers.items()}
    inner = {
        **{name: scope[name] for name in ("type", "asgi", "scheme", "client", "server")},
        "http_version": "1.1",
        "method": "GET",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": list(own.items()),
        "state": dict(scope.get("state") or {}),
    }
    answer = Answer()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        answer.status = message.get("status", answer.status)
        answer.body += message.get("body", b"")

    try:
        async with asyncio.timeout(SECONDS):
            await app(inner, receive, send)
    except TimeoutError:
        return Answer()
    return answer
