"""Limits of requests: for each device, and for each address that sends requests to be refused.

Told in `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers) and `Retry-After`.
"""

import ipaddress
from functools import lru_cache
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attestation.claims import Attestation
from edge import logs, metrics
from edge.limits import Limiter, Usage
from edge.problems import Problem

OVER_RATE_LIMIT = "over_rate_limit"
"""Why, in the log."""

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
        who = client_of(scope)
        usage = await self._limiter.count(self._rate, *who)
        values = _values("device", usage)
        headers = (*zip((b"ratelimit", b"ratelimit-policy"), values, strict=True),)

        async def send_limited(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        if usage.is_over:
            logs.note(reason=OVER_RATE_LIMIT, detail="device")
            await _too_many("device", usage).response(scope["path"])(scope, receive, send_limited)
            return
        await self._app(scope, receive, send_limited)

    def count_here(self, attestation: Attestation, host: str) -> "Counted":
        """Count a request likewise, by this process alone, for whoever answers it elsewhere."""
        usage = self._limiter.count_here(self._rate, *_client(attestation, host))
        head = b"ratelimit: %s\r\nratelimit-policy: %s\r\n" % _values("device", usage)
        return Counted(head, _too_many("device", usage) if usage.is_over else None)


class Counted(NamedTuple):
    """What a count has come to.

    Attributes:
        head: header lines that tell of it.
        problem: the answer, if it is one too many.
    """

    head: bytes
    problem: Problem | None


class RejectedLimit:
    """In the gate: an address gets only so many refusals with their own status, then 429.

    Requests that pass the gate are not counted, nor kept back by what others of their address do.
    """

    def __init__(self, limiter: Limiter, rate: str) -> None:
        self._limiter = limiter
        self._rate = rate

    async def objection(self, scope: Scope) -> Problem | None:
        """Count a refusal, and give the answer if it is one too many."""
        usage = await self._limiter.count(self._rate, "rejected", network(_host(scope)))
        return _too_many("rejected", usage) if usage.is_over else None

    def objection_here(self, host: str) -> Problem | None:
        """Count likewise, by this process alone."""
        usage = self._limiter.count_here(self._rate, "rejected", network(host))
        return _too_many("rejected", usage) if usage.is_over else None


def client_of(scope: Scope) -> tuple[str, str]:
    """Name who asks, behind the gate: the device, or the address where there is none."""
    return _client(scope.get("attestation"), _host(scope))


def _client(attestation: Attestation | None, host: str) -> tuple[str, str]:
    if attestation is None or attestation.device_id is None:
        return "address", network(host)
    return "device", attestation.device_id


def _host(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


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
    headers = {"Retry-After": str(usage.reset_seconds)}
    message = f"Too many requests. Try again in {usage.reset_seconds} seconds."
    return Problem.of_gateway(429, "OVER_RATE_LIMIT", message, headers)


def _values(policy: str, usage: Usage) -> tuple[bytes, bytes]:
    """Give what the two headers say."""
    limit = f'"{policy}";r={usage.remaining};t={usage.reset_seconds}'
    return limit.encode(), _policy(policy, usage.limit, usage.window_seconds)


@lru_cache(maxsize=100)
def _policy(policy: str, limit: int, window_seconds: int) -> bytes:
    return f'"{policy}";q={limit};w={window_seconds}'.encode()
