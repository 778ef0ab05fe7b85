"""The outermost layer: an id and one closing log line for each request, and no loose exception."""

import random
import re
import time

from starlette.datastructures import MutableHeaders
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
        given = (value for name, value in scope["headers"] if name == b"x-request-id")
        request_id = request_id_of(next(given, None))
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
                await UNEXPECTED.response(scope["path"])(scope, receive, send_identified)
        finally:
            logs.request_ended(
                **logs.noted(),
                method=scope["method"],
                route=self._paths.template(scope["path"]) or "other",
                status=status,
                duration_ms=milliseconds_since(began),
            )


def request_id_of(given: bytes | None) -> str:
    """Give the id that a request has been *given*, or a new one."""
    if given is not None:
        text = given.decode("latin-1")
        if REQUEST_ID.fullmatch(text):
            return text
    return f"{random.getrandbits(128):032x}"


def milliseconds_since(began: float) -> float:
    """Give the time since `time.perf_counter()` was *began*, as a log line has it."""
    return round((time.perf_counter() - began) * 1000, 1)
