"""How many long answers one client has under way at once: one alone must not take all places."""

from collections import Counter

from starlette.types import ASGIApp, Receive, Scope, Send

from edge import logs, metrics
from edge.problems import Problem
from edge.rate_limit import OVER_RATE_LIMIT, client_of

MAX_OF_ONE = 10
"""Image loaders of Android take five at once of one host."""

RETRY_AFTER_SECONDS = 5

Client = tuple[str, str]


class TransferLimit:
    """Around a route: lets a client have only so many of its answers at once.

    A client is a device, or an address where the token names none; see `edge.rate_limit`.
    """

    def __init__(self, app: ASGIApp, *, under_way: Counter[Client]) -> None:
        """Guard *app*; *under_way* is what routes of one kind count in together."""
        self._app = app
        self._under_way = under_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on until its answer is at its end, or answer 429."""
        client = client_of(scope)
        if self._under_way[client] >= MAX_OF_ONE:
            metrics.count_over_rate_limit("transfers")
            logs.note(reason=OVER_RATE_LIMIT, detail="transfers")
            await _TOO_MANY.response(scope["path"])(scope, receive, send)
            return
        self._under_way[client] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way[client] -= 1
            if not self._under_way[client]:
                del self._under_way[client]


_TOO_MANY = Problem.of_gateway(
    429,
    "OVER_RATE_LIMIT",
    f"Too many transfers at once: {MAX_OF_ONE} are the most. Read the others to their end.",
    {"Retry-After": str(RETRY_AFTER_SECONDS)},
)
