"""Liveness and readiness, for the platform's router. Public, and silent about everything else."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.link import Link

PATHS = ("/livez", "/readyz")

NO_STORE = {"Cache-Control": "no-store"}


@dataclass(slots=True)
class Health:
    """How this process is.

    Attributes:
        is_stopping: whether it is about to end, so that no router should send it anything more.
        redis: the way to what is shared, if anything is.
    """

    is_stopping: bool = False
    redis: Link | None = None

    def routes(self) -> list[Route]:
        """Both probes. A process that serves at all has its keys and resources: it is ready.

        Without Redis it is, too, since it goes on by itself; the answer says so.
        """
        return [
            Route("/livez", _alive, methods=["GET"]),
            Route("/readyz", self._ready, methods=["GET"]),
        ]

    async def _ready(self, _: Request) -> Response:
        if self.is_stopping:
            return PlainTextResponse("stopping\n", 503, headers=NO_STORE)
        is_alone = self.redis is not None and not self.redis.is_up
        detail = "redis: cannot be used, each process goes on by itself\n" if is_alone else ""
        return PlainTextResponse(f"ok\n{detail}", headers=NO_STORE)


async def _alive(_: Request) -> Response:
    return PlainTextResponse("ok\n", headers=NO_STORE)


class LastAnswers:
    """Tells clients of a stopping process to connect anew for the next request: elsewhere."""

    def __init__(self, app: ASGIApp, *, health: Health) -> None:
        self._app = app
        self.health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on."""

        async def send_last(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        is_last = self.health.is_stopping and scope["type"] == "http"
        await self._app(scope, receive, send_last if is_last else send)
