"""How requests come in: addresses, routers, limits, processes, and what can be seen of them."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from astropiks.doctor.finding import Finding, count_of, warning
from astropiks.doctor.surroundings import Surroundings
from astropiks.hosts import is_loopback
from edge.settings import Settings

MIN_TOKEN_CHARACTERS = 24


def traffic(settings: Settings, here: Surroundings) -> Iterator[Finding]:
    """Say what is risky in how requests come in."""
    yield from _addresses(settings, here)
    yield from _limits(settings)
    yield from _processes(settings, here)
    yield from _observation(settings)


def _addresses(settings: Settings, here: Surroundings) -> Iterator[Finding]:
    public = urlsplit(settings.public_base_url or "")
    is_local = is_loopback(public.hostname or "")
    if settings.in_production and is_local:
        yield warning(
            "PUBLIC_BASE_URL",
            "It is this machine's own address: no phone gets there.",
            "Set it to the https address that the app uses.",
        )
    router = here.platform or ("TLS" if public.scheme == "https" and not is_local else None)
    if router and not settings.forwarded_allow_ips:
        yield warning(
            "FORWARDED_ALLOW_IPS",
            f"Not set, and {router} means a router in front: all clients look like one address.",
            "On Heroku and where only the router can connect: *. Elsewhere the routers' addresses.",
        )
    if here.platform and is_loopback(settings.host):
        yield warning(
            "HOST",
            f"It is loopback: the router of {here.platform} cannot connect.",
            "Leave it out: every address is the default.",
        )


def _limits(settings: Settings) -> Iterator[Finding]:
    if settings.rate_limit_device == "off":
        yield warning(
            "RATE_LIMIT_DEVICE",
            "off: one device can ask without end.",
            "Set it to what the app needs, such as 120/minute.",
        )
    if settings.rate_limit_rejected == "off":
        yield warning(
            "RATE_LIMIT_REJECTED",
            "off: bad tokens can be tried without end.",
            "Set it to such as 60/minute: it keeps no good token back.",
        )


def _processes(settings: Settings, here: Surroundings) -> Iterator[Finding]:
    workers = settings.web_concurrency
    if here.env_file is None and workers > here.cores:
        yield warning(
            "WEB_CONCURRENCY",
            f"{workers} worker processes share {count_of(here.cores, 'core')}.",
            "One a core is enough: a hit needs no waiting. Each takes memory and connections.",
        )
    if workers > 1 and settings.redis_url is None:
        yield warning(
            "REDIS_URL",
            f"Not set, with {workers} worker processes: each asks NASA and counts by itself, so "
            f"that limits are up to {workers} times as high.",
            "Set REDIS_URL, or WEB_CONCURRENCY=1: docs/capacity.md says how far one goes.",
        )


def _observation(settings: Settings) -> Iterator[Finding]:
    token = settings.metrics_token
    if token is not None and len(token.get_secret_value()) < MIN_TOKEN_CHARACTERS:
        yield warning(
            "METRICS_TOKEN",
            f"It has fewer than {MIN_TOKEN_CHARACTERS} characters: it may be guessed.",
            "Make one: openssl rand -hex 32",
        )
    if settings.log_level in {"warning", "error"}:
        yield warning(
            "LOG_LEVEL",
            f"{settings.log_level}: the log does not tell why requests are refused.",
            "Set it to info, at which each request leaves a line.",
        )
