"""The outermost layer: an id and one closing log line for each request, and no loose exception."""

import random
import re
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge import logs, metrics
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
            route = self._paths.template(scope["path"]) or "other"
            closed(began, route, status, **logs.noted(), method=scope["method"])


def request_id_of(given: bytes | None) -> str:
    """Give the id that a request has been *given*, or a new one."""
    if given is not None:
        text = given.decode("latin-1")
        if REQUEST_ID.fullmatch(text):
            return text
    return f"{random.getrandbits(128):032x}"


def closed(began: float, route: str, status: int | None, **noted: object) -> None:
    """Count a request that is over and write its line of the log.

    Args:
        began: what `time.perf_counter()` was then.
        route: template of its path, or "other".
        status: of its answer, None if there was none.
        noted: more for the log.
    """
    seconds = time.perf_counter() - began
    metrics.count_request(route, status, seconds)
    ms = round(seconds * 1000, 1)
    logs.request_ended(**noted, route=route, status=status, duration_ms=ms)
