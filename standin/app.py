"""NASA's two APIs as one ASGI application: a clock to set, faults to switch, a log to read."""

import json
import time
from collections.abc import Collection
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from standin import faults, gateway, rules, science
from standin.calendar import Clock

APOD_PATH = "/planetary/apod"
SCIENCE_PATH = "/wp-json/wp/v2/apod-basic"
HOURLY_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request as it arrived."""

    method: str
    path: str
    query: str
    headers: Headers = field(repr=False)


class StandIn:
    """The application.

    Attributes:
        keys: the API keys it accepts.
        clock: the present, Unix time in seconds.
        requests: what it was asked, oldest first.
        faults: what is wrong with `legacy` and with `science`, if anything.
    """

    def __init__(
        self, *, keys: Collection[str], clock: Clock = time.time, hourly_limit: int = HOURLY_LIMIT
    ) -> None:
        self.keys = frozenset(keys)
        self.clock = clock
        self.requests: list[SeenRequest] = []
        self.faults: dict[str, faults.Fault] = {}
        self._limiter = gateway.RateLimiter(hourly_limit)
        self._app = Starlette(
            routes=[
                Route(APOD_PATH, self._apod, methods=["GET"]),
                Route(SCIENCE_PATH, self._posts, methods=["GET"]),
                Route(SCIENCE_PATH + "/{day}", self._post, methods=["GET"]),
            ],
            exception_handlers={
                gateway.GatewayError: _gateway_error,
                science.PostError: _post_error,
                404: _no_such_api,
                405: _wrong_method,
            },
        )
        self._app.router.redirect_slashes = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the request, then answer it."""
        if scope["type"] == "http":
            query, headers = scope["query_string"].decode(), Headers(scope=scope)
            self.requests.append(SeenRequest(scope["method"], scope["path"], query, headers))
        await self._app(scope, receive, send)

    async def _posts(self, request: Request) -> Response:
        if fault := self.faults.get("science"):
            return await faults.answer(fault, request)
        posts, total = science.page(dict(request.query_params), self.clock())
        return JSONResponse(posts, headers={"X-WP-Total": str(total)})

    async def _post(self, request: Request) -> Response:
        if fault := self.faults.get("science"):
            return await faults.answer(fault, request)
        return JSONResponse(science.one(request.path_params["day"], self.clock()))

    async def _apod(self, request: Request) -> Response:
        if fault := self.faults.get("legacy"):
            return await faults.answer(fault, request)
        key = gateway.api_key(request)
        if key is None:
            raise gateway.GatewayError("API_KEY_MISSING")
        if key not in self.keys:
            raise gateway.GatewayError("API_KEY_INVALID")
        now = self.clock()
        limits = self._limiter.admit(key, now)
        # The gateway takes the key away; of repeated parameters the backend reads the first.
        pairs = [pair for pair in request.query_params.multi_items() if pair[0] != "api_key"]
        try:
            return _json(200, rules.answer(dict(reversed(pairs)), now), limits)
        except rules.RuleError as error:
            body = {"code": error.status, "msg": error.msg, "service_version": "v1"}
            return _json(error.status, body, limits)


def _json(status: int, body: object, headers: dict[str, str]) -> Response:
    text = json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n"
    everywhere = {"Access-Control-Allow-Origin": "*", "Vary": "Accept-Encoding"}
    return Response(text, status, {**everywhere, **headers}, "application/json")


async def _gateway_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, gateway.GatewayError)  # noqa: S101
    status, message = gateway.MESSAGES[error.code]
    text = json.dumps({"error": {"code": error.code, "message": message}}, indent=2)
    headers = {"Access-Control-Allow-Origin": "*", **error.headers}
    return Response(text, status, headers, "application/json")


async def _post_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, science.PostError)  # noqa: S101
    body = {"code": error.code, "message": error.message, "data": {"status": error.status}}
    return JSONResponse(body, error.status)


async def _no_such_api(request: Request, _: Exception) -> Response:
    return await _gateway_error(request, gateway.GatewayError("NOT_FOUND"))


async def _wrong_method(_: Request, __: Exception) -> Response:
    return HTMLResponse("<!doctype html>\n<title>405 Method Not Allowed</title>\n", 405)
