"""The outermost layer: an id and one closing log line for each request, and no loose exception."""

import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge import logs
from edge.known_paths import KnownPaths
from edge.problems import UNEXPECTED

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}", re.ASCII)
"""What a router in front of us may call a request; anything else is replaced, not echoed."""


class RequestLog:
    """Give each request an id, log how it ended, and answer if something below broke."""

    def __init__(self, app: ASGIApp, *, paths: KnownPaths) -> None:
        """Wrap *app*; *paths* are those that may be named in a log line though refused."""
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        status: int | None = None

        async def send_identified(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        logs.begin_request(request_id)
        began = time.perf_counter()
        try:
            await self._app(scope, receive, send_identified)
        except Exception as error:  # noqa: BLE001  (the last place where it can be answered)
            logs.log("error", "unexpected", exc_info=error)
            if status is None:
                await UNEXPECTED.response(scope)(scope, receive, send_identified)
        finally:
            logs.log(
                "info",
                "request",
                method=scope["method"],
                route=self._paths.template(scope["path"]) or "other",
                status=status,
                duration_ms=round((time.perf_counter() - began) * 1000, 1),
            )


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get("X-Request-ID", "")
    return given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
