"""What is counted and measured; `edge.exposition` shows it.

Labels are few-valued by rule: never a device, a date, an address, a query or a token. What can be
named beforehand is shown as 0 before it happens. Each gauge says how those of several workers
become one.
"""

import platform
from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args

from edge.instruments import Counter, Gauge, Histogram, Instrument

Decision = Literal["accepted", "refused", "monitored"]
Reload = Literal["replaced", "kept"]
RedisOutcome = Literal["away", "slow", "refused", "strange", "crowded"]
Policy = Literal["device", "rejected", "transfers"]

REQUEST_SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 1, 2.5, 5, 10)
NASA_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
"""Bounds of the histograms' buckets. A request has 10 s, and of its calls each what is left."""

_REQUESTS = Counter("astropiks_requests", "Requests, by route and HTTP status.", "route", "status")
_REQUEST_SECONDS = Histogram(
    "astropiks_request_seconds",
    "Seconds from a request's head to the end of its answer.",
    "route",
    bounds=REQUEST_SECONDS,
)
_CACHE_RESULTS = Counter(
    "astropiks_cache_results",
    "Answers by how they were come by, as `cache` in the log; kind: `apod` or `other`.",
    "kind",
    "result",
)
_ATTESTATIONS = Counter(
    "astropiks_attestations", "Decisions on requests, by result and reason.", "result", "reason"
)
_KEYSET_RELOADS = Counter(
    "astropiks_keyset_reloads",
    "Readings of APPROOV_KEYSET_FILE, or of a key's own file, after a change.",
    "result",
    known=[(result,) for result in get_args(Reload)],
)
_SECRETS_RELOADS = Counter(
    "astropiks_secrets_reloads",
    "Readings of RUNTIME_SECRETS_FILE after a change.",
    "result",
    known=[(result,) for result in get_args(Reload)],
)
_SECRETS = Counter(
    "astropiks_secrets",
    "Requests for a runtime secret, by its name: `other` for one that is none here.",
    "name",
    "result",
)
_NASA_CALLS = Counter(
    "astropiks_nasa_calls", "Calls of NASA, by their outcome in the log.", "source", "outcome"
)
_NASA_SECONDS = Histogram(
    "astropiks_nasa_call_seconds",
    "Seconds that a call of NASA took.",
    "source",
    bounds=NASA_SECONDS,
)
_NASA_QUOTA = Gauge(
    "astropiks_nasa_quota_remaining", "Calls that NASA still grants in this hour.", "source"
)
_BREAKER_OPEN = Gauge(
    "astropiks_breaker_open",
    "Whether a source is set aside because it fails.",
    "source",
    choose=max,
)
_REDIS_UP = Gauge("astropiks_redis_up", "Whether Redis can be used.", choose=min)
_REDIS_FAILURES = Counter(
    "astropiks_redis_failures",
    "Operations that Redis did not do, or not in time.",
    "outcome",
    known=[(outcome,) for outcome in get_args(RedisOutcome)],
)
_STORE_DROPS = Counter(
    "astropiks_store_drops",
    "Values found in Redis that were not as they had been written.",
    known=[()],
)
_OVER_RATE_LIMIT = Counter(
    "astropiks_over_rate_limit",
    "Requests answered 429, by what they were counted by.",
    "policy",
    known=[(policy,) for policy in get_args(Policy)],
)
_SPANS_LOST = Counter(
    "astropiks_spans_lost", "Spans that the collector of traces did not get.", known=[()]
)
_BUILD = Gauge(
    "astropiks_build_info",
    "Always 1; the labels tell which version runs, on which Python.",
    "version",
    "python",
    choose=max,
)
_WORKERS = Gauge("astropiks_workers", "Processes that serve.", choose=sum)

INSTRUMENTS: tuple[Instrument, ...] = (
    _REQUESTS,
    _REQUEST_SECONDS,
    _CACHE_RESULTS,
    _ATTESTATIONS,
    _KEYSET_RELOADS,
    _SECRETS_RELOADS,
    _SECRETS,
    _NASA_CALLS,
    _NASA_SECONDS,
    _NASA_QUOTA,
    _BREAKER_OPEN,
    _REDIS_UP,
    _REDIS_FAILURES,
    _STORE_DROPS,
    _OVER_RATE_LIMIT,
    _SPANS_LOST,
    _BUILD,
    _WORKERS,
)


class Sample(NamedTuple):
    """One value that this process has counted or measured."""

    name: str
    labels: Mapping[str, str]
    value: float


def samples() -> list[Sample]:
    """Give all of this process's own, but for a histogram's buckets."""
    return [
        Sample(one.name, one.labels, one.value)
        for instrument in INSTRUMENTS
        for one in instrument.family(instrument.numbers()).samples
        if not one.name.endswith("_bucket")
    ]


def show_process(version: str) -> None:
    """Show that this process serves, and which *version* it is."""
    _BUILD.show(1, version, platform.python_version())
    _WORKERS.show(1)


def count_request(route: str, status: int | None, seconds: float) -> None:
    """Count one request by the template of its *route*; *status* is None if it got no answer."""
    _REQUESTS.count(route, "none" if status is None else str(status))
    _REQUEST_SECONDS.observe(seconds, route)


def count_cache_result(kind: Literal["apod", "other"], result: str) -> None:
    """Count one answer by how it was come by."""
    _CACHE_RESULTS.count(kind, result)


def count_attestation(result: Decision, reason: str = "") -> None:
    """Count one decision; *reason* is the refusal's stable code."""
    _ATTESTATIONS.count(result, reason)


def count_keyset_reload(result: Reload) -> None:
    """Count one reading of a changed key set, or of a changed file with one key."""
    _KEYSET_RELOADS.count(result)


def count_secrets_reload(result: Reload) -> None:
    """Count one reading of a changed file of secrets."""
    _SECRETS_RELOADS.count(result)


def count_secret(name: str, result: Literal["plain", "sealed", "refused"]) -> None:
    """Count one delivery of the runtime secret *name*, or one refusal."""
    _SECRETS.count(name, result)


def count_nasa_call(source: str, outcome: str, seconds: float) -> None:
    """Count one call of NASA; *outcome* is the stable code of its line in the log."""
    _NASA_CALLS.count(source, outcome)
    _NASA_SECONDS.observe(seconds, source)


def show_breaker(source: str, *, is_open: bool) -> None:
    """Show whether *source* is set aside."""
    _BREAKER_OPEN.show(is_open, source)


def show_nasa_quota(source: str, remaining: int) -> None:
    """Show what NASA last said of the quota."""
    _NASA_QUOTA.show(remaining, source)


def show_redis(*, is_up: bool) -> None:
    """Show whether Redis can be used; where there is none, nothing is shown: nothing is down."""
    _REDIS_UP.show(is_up)


def count_redis_failure(outcome: RedisOutcome) -> None:
    """Count one operation that Redis did not do."""
    _REDIS_FAILURES.count(outcome)


def count_store_drop() -> None:
    """Count one value that was left out."""
    _STORE_DROPS.count()


def count_over_rate_limit(policy: Policy) -> None:
    """Count one request over a limit."""
    _OVER_RATE_LIMIT.count(policy)


def count_lost_spans(many: int) -> None:
    """Count *many* spans that the collector did not get."""
    _SPANS_LOST.add(many)
