"""What is counted and measured, for Prometheus; `edge.exposition` shows it.

Labels are few-valued by rule: never a device, a date, an address, a query or a token. Each gauge
says how those of several workers become one.
"""

import platform
from collections.abc import Mapping
from functools import cache
from typing import Literal, NamedTuple

from prometheus_client import REGISTRY, Counter, Gauge, Histogram

Decision = Literal["accepted", "refused", "monitored"]

RedisOutcome = Literal["away", "slow", "refused", "strange", "crowded"]
Policy = Literal["device", "rejected"]

REQUEST_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10)
NASA_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Bounds of the histograms' buckets. A request has 10 s, and of its calls each what is left."""

_REQUESTS = Counter(
    "astropiks_requests", "Requests, by route and HTTP status.", ["route", "status"]
)
_REQUEST_SECONDS = Histogram(
    "astropiks_request_seconds",
    "Seconds from a request's head to the end of its answer.",
    ["route"],
    buckets=REQUEST_SECONDS,
)
_CACHE_RESULTS = Counter(
    "astropiks_cache_results",
    "Answers by how they were come by, as `cache` in the log; kind: `apod` or `other`.",
    ["kind", "result"],
)
_ATTESTATIONS = Counter(
    "astropiks_attestations", "Decisions on requests, by result and reason.", ["result", "reason"]
)
_KEYSET_RELOADS = Counter(
    "astropiks_keyset_reloads",
    "Readings of APPROOV_KEYSET_FILE, or of a key's own file, after a change.",
    ["result"],
)
_SECRETS_RELOADS = Counter(
    "astropiks_secrets_reloads", "Readings of RUNTIME_SECRETS_FILE after a change.", ["result"]
)
_SECRETS = Counter(
    "astropiks_secrets",
    "Requests for a runtime secret, by its name: `other` for one that is none here.",
    ["name", "result"],
)
_NASA_CALLS = Counter(
    "astropiks_nasa_calls", "Calls of NASA, by their outcome in the log.", ["source", "outcome"]
)
_NASA_SECONDS = Histogram(
    "astropiks_nasa_call_seconds",
    "Seconds that a call of NASA took.",
    ["source"],
    buckets=NASA_SECONDS,
)
_NASA_QUOTA = Gauge(
    "astropiks_nasa_quota_remaining",
    "Calls that NASA still grants in this hour.",
    ["source"],
    multiprocess_mode="mostrecent",
)
_BREAKER_OPEN = Gauge(
    "astropiks_breaker_open",
    "Whether a source is set aside because it fails.",
    ["source"],
    multiprocess_mode="livemax",
)

_REDIS_FAILURES = Counter(
    "astropiks_redis_failures", "Operations that Redis did not do, or not in time.", ["outcome"]
)
_STORE_DROPS = Counter(
    "astropiks_store_drops", "Values found in Redis that were not as they had been written."
)
_OVER_RATE_LIMIT = Counter(
    "astropiks_over_rate_limit", "Requests answered 429, by what they were counted by.", ["policy"]
)

_BUILD = Gauge(
    "astropiks_build_info",
    "Always 1; the labels tell which version runs, on which Python.",
    ["version", "python"],
    multiprocess_mode="max",
)
_WORKERS = Gauge("astropiks_workers", "Processes that serve.", multiprocess_mode="livesum")


class Sample(NamedTuple):
    """One value that this process has counted or measured."""

    name: str
    labels: Mapping[str, str]
    value: float


def samples() -> list[Sample]:
    """Give all of this process's own, but for a histogram's buckets."""
    return [
        Sample(one.name, one.labels, one.value)
        for family in REGISTRY.collect()
        for one in family.samples
        if family.name.startswith("astropiks_") and not one.name.endswith(("_bucket", "_created"))
    ]


def show_process(version: str) -> None:
    """Show that this process serves, and which *version* it is."""
    _BUILD.labels(version, platform.python_version()).set(1)
    _WORKERS.set(1)


def count_request(route: str, status: int | None, seconds: float) -> None:
    """Count one request by the template of its *route*; *status* is None if it got no answer."""
    requests, durations = _requests(route, status)
    requests.inc()
    durations.observe(seconds)


@cache
def _requests(route: str, status: int | None) -> tuple[Counter, Histogram]:
    told = "none" if status is None else str(status)
    return _REQUESTS.labels(route, told), _REQUEST_SECONDS.labels(route)


def count_cache_result(kind: Literal["apod", "other"], result: str) -> None:
    """Count one answer by how it was come by."""
    _cache_results(kind, result).inc()


@cache
def _cache_results(kind: str, result: str) -> Counter:
    return _CACHE_RESULTS.labels(kind, result)


def count_attestation(result: Decision, reason: str = "") -> None:
    """Count one decision; *reason* is the refusal's stable code."""
    _attestations(result, reason).inc()


@cache
def _attestations(result: Decision, reason: str) -> Counter:
    """Give one counter of those; to find it among all takes longer than to count."""
    return _ATTESTATIONS.labels(result, reason)


def count_keyset_reload(result: Literal["replaced", "kept"]) -> None:
    """Count one reading of a changed key set, or of a changed file with one key."""
    _KEYSET_RELOADS.labels(result).inc()


def count_secrets_reload(result: Literal["replaced", "kept"]) -> None:
    """Count one reading of a changed file of secrets."""
    _SECRETS_RELOADS.labels(result).inc()


def count_secret(name: str, result: Literal["plain", "sealed", "refused"]) -> None:
    """Count one delivery of the runtime secret *name*, or one refusal."""
    _SECRETS.labels(name, result).inc()


def count_nasa_call(source: str, outcome: str, seconds: float) -> None:
    """Count one call of NASA; *outcome* is the stable code of its line in the log."""
    _NASA_CALLS.labels(source, outcome).inc()
    _NASA_SECONDS.labels(source).observe(seconds)


def show_breaker(source: str, *, is_open: bool) -> None:
    """Show whether *source* is set aside."""
    _BREAKER_OPEN.labels(source).set(is_open)


def show_nasa_quota(source: str, remaining: int) -> None:
    """Show what NASA last said of the quota."""
    _NASA_QUOTA.labels(source).set(remaining)


def show_redis(*, is_up: bool) -> None:
    """Show whether Redis can be used."""
    _redis_up().set(is_up)


@cache
def _redis_up() -> Gauge:
    """Give the gauge, which is not there where there is no Redis: nothing is down then."""
    text = "Whether Redis can be used."
    return Gauge("astropiks_redis_up", text, multiprocess_mode="livemin")


def count_redis_failure(outcome: RedisOutcome) -> None:
    """Count one operation that Redis did not do."""
    _REDIS_FAILURES.labels(outcome).inc()


def count_store_drop() -> None:
    """Count one value that was left out."""
    _STORE_DROPS.inc()


def count_over_rate_limit(policy: Policy) -> None:
    """Count one request over a limit."""
    _OVER_RATE_LIMIT.labels(policy).inc()
