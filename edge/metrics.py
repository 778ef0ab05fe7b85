"""Counters for Prometheus. The only module that imports `prometheus_client`.

Labels are few-valued by rule: never a device, a date, an address or a token.
"""

import hmac
from functools import cache
from typing import Literal

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, generate_latest
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.problems import Problem

PATH = "/metrics"

Decision = Literal["accepted", "refused", "monitored"]

RedisOutcome = Literal["away", "slow", "refused", "strange", "crowded"]
Policy = Literal["device", "rejected"]

_ATTESTATIONS = Counter(
    "astropiks_attestations", "Decisions on requests, by result and reason.", ["result", "reason"]
)
_KEYSET_RELOADS = Counter(
    "astropiks_keyset_reloads", "Readings of APPROOV_KEYSET_FILE after a change.", ["result"]
)
_SECRETS_RELOADS = Counter(
    "astropiks_secrets_reloads", "Readings of RUNTIME_SECRETS_FILE after a change.", ["result"]
)
_SECRETS = Counter("astropiks_secrets", "Requests for a runtime secret.", ["result"])
_NASA_CALLS = Counter("astropiks_nasa_calls", "Calls of NASA.", ["source", "outcome"])
_NASA_QUOTA = Gauge(
    "astropiks_nasa_quota_remaining", "Calls that NASA still grants in this hour.", ["source"]
)

_REDIS_UP = Gauge("astropiks_redis_up", "Whether Redis can be used.")
_REDIS_FAILURES = Counter(
    "astropiks_redis_failures", "Operations that Redis did not do, or not in time.", ["outcome"]
)
_STORE_DROPS = Counter(
    "astropiks_store_drops", "Values found in Redis that were not as they had been written."
)
_OVER_RATE_LIMIT = Counter(
    "astropiks_over_rate_limit", "Requests answered 429, by what they were counted by.", ["policy"]
)

_UNAUTHORIZED = Problem.of_gateway(
    401,
    "METRICS_TOKEN_REQUIRED",
    "Send METRICS_TOKEN as a bearer token.",
    {"WWW-Authenticate": 'Bearer realm="metrics"'},
)


def count_attestation(result: Decision, reason: str = "") -> None:
    """Count one decision; *reason* is the refusal's stable code."""
    _attestations(result, reason).inc()


@cache
def _attestations(result: Decision, reason: str) -> Counter:
    """Give one counter of those; to find it among all takes longer than to count."""
    return _ATTESTATIONS.labels(result, reason)


def count_keyset_reload(result: Literal["replaced", "kept"]) -> None:
    """Count one reading of a changed key set."""
    _KEYSET_RELOADS.labels(result).inc()


def count_secrets_reload(result: Literal["replaced", "kept"]) -> None:
    """Count one reading of a changed file of secrets."""
    _SECRETS_RELOADS.labels(result).inc()


def count_secret(result: Literal["plain", "sealed", "refused"]) -> None:
    """Count one delivery of a runtime secret, or one refusal."""
    _SECRETS.labels(result).inc()


def count_nasa_call(source: str, outcome: str) -> None:
    """Count one call of NASA; *outcome* is the stable code of its line in the log."""
    _NASA_CALLS.labels(source, outcome).inc()


def show_nasa_quota(source: str, remaining: int) -> None:
    """Show what NASA last said of the quota."""
    _NASA_QUOTA.labels(source).set(remaining)


def show_redis(*, is_up: bool) -> None:
    """Show whether Redis can be used."""
    _REDIS_UP.set(is_up)


def count_redis_failure(outcome: RedisOutcome) -> None:
    """Count one operation that Redis did not do."""
    _REDIS_FAILURES.labels(outcome).inc()


def count_store_drop() -> None:
    """Count one value that was left out."""
    _STORE_DROPS.inc()


def count_over_rate_limit(policy: Policy) -> None:
    """Count one request over a limit."""
    _OVER_RATE_LIMIT.labels(policy).inc()


def routes(token: SecretStr) -> list[Route]:
    """Give the route that shows the counters to whoever has *token*."""
    wanted = f"Bearer {token.get_secret_value()}".encode()

    async def show(request: Request) -> Response:
        given = request.headers.get("Authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, wanted):
            return _UNAUTHORIZED.response(request.scope["path"])
        headers = {"Cache-Control": "no-store"}
        return Response(generate_latest(), headers=headers, media_type=CONTENT_TYPE_LATEST)

    return [Route(PATH, show, methods=["GET"])]
