"""What a configuration does: a sentence for each part of the service."""

from collections.abc import Iterator

from astropiks.doctor.finding import Finding, count_of, ok
from edge.settings import Settings
from secrets_service.catalog import Catalog

SOURCES = {"legacy": "the old API (legacy)", "science": "the new API (science)"}


def services(settings: Settings, catalog: Catalog) -> Iterator[Finding]:
    """Say what *settings* make of the service, with the secrets of *catalog*."""
    workers = count_of(settings.web_concurrency, "worker")
    yield ok(
        "listens", f"On {_place(settings.host, settings.port)}, with {workers}, by plain HTTP."
    )
    if settings.serves_proxy:
        yield from _proxy(settings)
    else:
        yield ok("proxy", "Off: SERVICES leaves it out.")
    yield _secrets(settings, catalog)
    yield ok("shared", _shared(settings))
    yield ok("limits", _limits(settings))
    if settings.attest_callers:
        yield ok("/attest", "Gateways at ATTEST_CALLERS are believed which request they ask about.")
    yield ok("/metrics", _metrics(settings))
    if settings.otel_exporter_otlp_endpoint:
        yield ok("traces", "Sent to the collector at OTEL_EXPORTER_OTLP_ENDPOINT.")


def _metrics(settings: Settings) -> str:
    ways = []
    if settings.metrics_token:
        ways.append("for whoever has METRICS_TOKEN")
    if settings.metrics_port:
        host = settings.metrics_host or settings.host
        ways.append(f"for everybody who gets to {_place(host, settings.metrics_port)}")
    return f"Served {' and '.join(ways)}." if ways else "Off: no METRICS_TOKEN, no METRICS_PORT."


def _place(host: str, port: int) -> str:
    everywhere = {"0.0.0.0": "every address", "::": "every IPv6 address"}  # noqa: S104
    return f"{everywhere.get(host, host)}, port {port}"


def _proxy(settings: Settings) -> Iterator[Finding]:
    sources = ", then ".join(SOURCES[name] for name in settings.apod_sources)
    yield ok("proxy", f"Answers /planetary/apod, from {sources}.")
    if settings.image_proxy == "on":
        hosts = count_of(len(settings.image_hosts), "host")
        size = settings.image_max_megabytes
        yield ok("pictures", f"Streamed from {hosts}, up to {size} MB each.")
    else:
        yield ok("pictures", "Links lead to NASA itself: IMAGE_PROXY is off.")
    if settings.nasa_passthrough:
        paths = ", ".join(settings.nasa_passthrough)
        yield ok("other APIs", f"Passed on with the key: {paths}")


def _secrets(settings: Settings, catalog: Catalog) -> Finding:
    if not settings.serves_secrets:
        return ok("secrets", "Off: SERVICES leaves them out.")
    if not catalog.secrets:
        return ok("secrets", "On, and there is none: no RUNTIME_SECRET_ variable, no file.")
    known = count_of(len(catalog.secrets), "secret")
    return ok("secrets", f"Hands out {known} to genuine apps: {', '.join(catalog.secrets)}.")


def _shared(settings: Settings) -> str:
    if settings.redis_url is None:
        return "Nothing: each process has a cache and counts of its own (no REDIS_URL)."
    return "Records, NASA's quota, limits and seen signatures, by Redis."


def _limits(settings: Settings) -> str:
    device, rejected = settings.rate_limit_device, settings.rate_limit_rejected
    return f"For each device {device}; for refused requests of one address {rejected}."
