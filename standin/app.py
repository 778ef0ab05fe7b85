"""NASA as one ASGI application: a clock to set, faults to switch, a log to read."""

import asyncio
import json
import time
from collections.abc import Collection
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from standin import control, faults, gateway, rules, science
from standin.calendar import Clock
from standin.conditions import Conditions
from standin.faults import Fault
from standin.others import OTHERS
from standin.pictures import Pictures

APOD_PATH = "/planetary/apod"
SCIENCE_PATH = "/wp-json/wp/v2/apod-basic"
HOURLY_LIMIT = 1000

PICTURE_PATHS = (
    "/apod/image",
    "/dynamicimage/assets",
    "/content/dam",
    "/apod.nasa.gov",
    "/assets.science.nasa.gov",
)
"""Of the hosts that have pictures; and those hosts' names, for who can reach only this one."""

MAX_REQUESTS = 5_000


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
        conditions: what is the matter with NASA.
        requests: what it was asked, oldest first; the last few thousand.
    """

    def __init__(
        self, *, keys: Collection[str], clock: Clock = time.time, hourly_limit: int = HOURLY_LIMIT
    ) -> None:
        """Be well.

        Args:
            keys: the API keys to accept.
            clock: the present, Unix time in seconds.
            hourly_limit: calls that each key may make in an hour.
        """
        self.keys = frozenset(keys)
        self.conditions = Conditions()
        self.requests: list[SeenRequest] = []
        self._clock = clock
        self._limiter = gateway.RateLimiter(hourly_limit)
        pictures = Faulty(Pictures(self.conditions), "pictures", self.conditions)
        self._app = Starlette(
            routes=[
                Route(APOD_PATH, self._apod, methods=["GET"]),
                Route(SCIENCE_PATH, self._posts, methods=["GET"]),
                Route(SCIENCE_PATH + "/{day}", self._post, methods=["GET"]),
                *(Route(path, self._other, methods=["GET"]) for path in OTHERS),
                *(Mount(path, pictures) for path in PICTURE_PATHS),
                *control.routes(self.conditions, lambda: self.requests),
            ],
            exception_handlers={
                gateway.GatewayError: _gateway_error,
                science.PostError: _post_error,
                404: _no_such_api,
                405: _wrong_method,
            },
        )
        self._app.router.redirect_slashes = False

    @property
    def faults(self) -> dict[str, Fault]:
        """Which APIs fail, and how."""
        return self.conditions.faults

    def clock(self) -> float:
        """Give the present as Unix time in seconds."""
        return self._clock() + self.conditions.ahead_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Note the request, then answer it, in its time."""
        if scope["type"] == "http" and not scope["path"].startswith(control.PREFIX):
            query, headers = scope["query_string"].decode(), Headers(scope=scope)
            del self.requests[: -MAX_REQUESTS + 1]
            self.requests.append(SeenRequest(scope["method"], scope["path"], query, headers))
            if self.conditions.latency_seconds:
                await asyncio.sleep(self.conditions.latency_seconds)
        await self._app(scope, receive, send)

    async def _posts(self, request: Request) -> Response:
        if fault := self.faults.get("science"):
            return await faults.answer(fault, request)
        posts, total = science.page(dict(request.query_params), self.clock(), self.conditions)
        return JSONResponse(posts, headers={"X-WP-Total": str(total)})

    async def _post(self, request: Request) -> Response:
        if fault := self.faults.get("science"):
            return await faults.answer(fault, request)
        day = request.path_params["day"]
        return JSONResponse(science.one(day, self.clock(), self.conditions))

    async def _apod(self, request: Request) -> Response:
        if fault := self.faults.get("legacy"):
            return await faults.answer(fault, request)
        now = self.clock()
        _, limits = self._admit(request)
        # The gateway takes the key away; of repeated parameters the backend reads the first.
        pairs = [pair for pair in request.query_params.multi_items() if pair[0] != "api_key"]
        try:
            return _json(200, rules.answer(dict(reversed(pairs)), now, self.conditions), limits)
        except rules.RuleError as error:
            body = {"code": error.status, "msg": error.msg, "service_version": "v1"}
            return _json(error.status, body, limits)

    async def _other(self, request: Request) -> Response:
        if fault := self.faults.get("others"):
            return await faults.answer(fault, request)
        key, limits = self._admit(request)
        other = OTHERS[request.url.path]
        return _json(200, other.answer(request.query_params, key), {**limits, **other.headers})

    def _admit(self, request: Request) -> tuple[str, dict[str, str]]:
        """Be the gateway: give the key, and the headers that tell of its limit."""
        key = gateway.api_key(request)
        if key is None:
            raise gateway.GatewayError("API_KEY_MISSING")
        if key not in self.keys:
            raise gateway.GatewayError("API_KEY_INVALID")
        return key, self._limiter.admit(key, self.clock())


class Faulty:
    """An application that fails as its API does."""

    def __init__(self, app: ASGIApp, api: str, conditions: Conditions) -> None:
        self._app = app
        self._api = api
        self._conditions = conditions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or fail."""
        app = self._app
        if fault := self._conditions.faults.get(self._api):
            app = await faults.answer(fault, Request(scope, receive))
        await app(scope, receive, send)


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
