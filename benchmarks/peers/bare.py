"""The least that an ASGI application can do: it sends one answer that it was given at its start."""

import json
import os
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

ANSWER = "BARE_ANSWER"
"""The variable that names the file with the answer."""


def create_app() -> ASGIApp:
    """Make it send the answer that lies in the file."""
    answer = json.loads(Path(os.environ[ANSWER]).read_text(encoding="ascii"))
    body = answer["body"].encode("latin-1")
    headers = [(name.encode(), value.encode("latin-1")) for name, value in answer["headers"]]
    start = {"type": "http.response.start", "status": answer["status"], "headers": headers}
    content = {"type": "http.response.body", "body": body}

    async def app(_: Scope, __: Receive, send: Send) -> None:
        await send(start)
        await send(content)

    return app
