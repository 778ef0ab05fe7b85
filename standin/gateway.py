"""The gateway in front of api.nasa.gov: who may ask, and how often."""

import base64
import binascii
from collections import Counter

from starlette.requests import Request

HOST = "https://api.nasa.gov:443"
WINDOW_SECONDS = 3600

OVER_RATE_LIMIT = (
    "You have exceeded your rate limit. Try again later or contact us at "
    f"{HOST}/contact/ for assistance"
)
MESSAGES = {
    "API_KEY_MISSING": (403, f"No api_key was supplied. Get one at {HOST}"),
    "API_KEY_INVALID": (403, f"An invalid api_key was supplied. Get one at {HOST}"),
    "OVER_RATE_LIMIT": (429, OVER_RATE_LIMIT),
    "NOT_FOUND": (404, "The requested URL was not found on this server."),
}


class GatewayError(Exception):
    """The gateway's own error answer.

    Attributes:
        code: key into `MESSAGES`.
        headers: headers of the answer.
    """

    def __init__(self, code: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.headers = headers or {}


def api_key(request: Request) -> str | None:
    """Look where the gateway looks, in its order: header, query, Basic user name."""
    return (
        request.headers.get("X-Api-Key")
        or request.query_params.get("api_key")
        or _basic_user(request.headers.get("Authorization", ""))
    )


def _basic_user(authorization: str) -> str | None:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(credentials).decode().partition(":")[0] or None
    except (binascii.Error, ValueError):
        return None


class RateLimiter:
    """Calls per key in a rolling hour: this hour's, and the share of the last that is still in."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._calls: Counter[tuple[str, int]] = Counter()

    def admit(self, key: str, now: float) -> dict[str, str]:
        """Count one call and give the headers that tell of it; refused calls are not counted.

        Raises:
            GatewayError: the limit is reached.
        """
        window, elapsed = divmod(now, WINDOW_SECONDS)
        still_in = 1 - elapsed / WINDOW_SECONDS
        before = int(self._calls[key, int(window) - 1] * still_in)
        used = self._calls[key, int(window)] + before
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - used - 1)),
        }
        if used >= self.limit:
            retry_after = str(int(WINDOW_SECONDS - elapsed))
            raise GatewayError("OVER_RATE_LIMIT", {**headers, "Retry-After": retry_after})
        self._calls[key, int(window)] += 1
        return headers
