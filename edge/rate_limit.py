"""Limits of requests: for each device, and for each address that sends requests to be refused.

Told in `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers) and `Retry-After`.
"""

import ipaddress
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attestation.claims import Attestation
from edge import logs, metrics
from edge.limits import Limiter, Usage
from edge.problems import Problem

IPV6_PREFIX = 64
"""What one customer gets: with a limit for each address they would have 2^64 limits."""


class DeviceLimit:
    """Behind the gate: lets each device ask only so often.

    Counted by the device id of the token, or by address where there is none. Public paths, which
    the gate has not looked at, are free.
    """

    def __init__(self, app: ASGIApp, *, limiter: Limiter, rate: str) -> None:
        self._app = app
        self._limiter = limiter
        self._rate = rate

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 429."""
        if scope["type"] != "http" or "attestation" not in scope:
            await self._app(scope, receive, send)
            return
        usage = await self._limiter.count(self._rate, *_client(scope["attestation"], scope))
        headers = _headers("device", usage)

        async def send_limited(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        if usage.is_over:
            problem = _too_many("device", usage)
            await problem.response(scope)(scope, receive, send_limited)
            return
        await self._app(scope, receive, send_limited)


class RejectedLimit:
    """In the gate: an address gets only so many refusals with their own status, then 429.

    Requests that pass the gate are not counted, nor kept back by what others of their address do.
    """

    def __init__(self, limiter: Limiter, rate: str) -> None:
        self._limiter = limiter
        self._rate = rate

    async def objection(self, scope: Scope) -> Problem | None:
        """Count a refusal, and give the answer if it is one too many."""
        usage = await self._limiter.count(self._rate, "rejected", _address(scope))
        return _too_many("rejected", usage) if usage.is_over else None


def _client(attestation: Attestation | None, scope: Scope) -> tuple[str, str]:
    if attestation is None or attestation.device_id is None:
        return "address", _address(scope)
    return "device", attestation.device_id


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return network(client[0]) if client else ""


@lru_cache(maxsize=10_000)
def network(address: str) -> str:
    """Give what of an *address* belongs to one customer: IPv4 whole, of IPv6 the network."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))


def _too_many(policy: metrics.Policy, usage: Usage) -> Problem:
    metrics.count_over_rate_limit(policy)
    logs.note(reason="over_rate_limit", detail=policy)
    headers = {"Retry-After": str(usage.reset_seconds)}
    message = f"Too many requests. Try again in {usage.reset_seconds} seconds."
    return Problem.of_gateway(429, "OVER_RATE_LIMIT", message, headers)


def _headers(policy: str, usage: Usage) -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    limit = f'"{policy}";r={usage.remaining};t={usage.reset_seconds}'
    terms = f'"{policy}";q={usage.limit};w={usage.window_seconds}'
    return (b"ratelimit", limit.encode()), (b"ratelimit-policy", terms.encode())
