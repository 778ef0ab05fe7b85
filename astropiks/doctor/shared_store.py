"""Whether Redis is there, and fits."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from astropiks.doctor.finding import Finding, failed, ok, warning
from astropiks.hosts import is_public
from edge.redis_inspection import Inspection, InspectionError, inspect
from edge.settings import Settings

PROCESS_CONNECTIONS = 9
"""What one process takes at most: records and limits, notices, the audit trail."""

ROOM_BYTES = 25_000_000
"""For all records there will be until 2050, and all that is counted."""

SLOW_MILLISECONDS = 10.0
"""An operation has 30 ms: a server that takes a third of it idle is too slow under load."""

URL = "REDIS_URL"


async def shared_store(settings: Settings) -> list[Finding]:
    """Connect to the Redis of REDIS_URL, and see whether it fits."""
    try:
        seen = await inspect(settings)
    except InspectionError as error:
        return [
            failed(
                URL,
                f"Redis {error}.",
                "See that it runs, that this machine may connect, and that user, password and "
                "database are right. The service would start, and work without it.",
            ),
            *_way(settings),
        ]
    return [*_server(settings, seen), *_memory(settings, seen), *_way(settings)]


def _server(settings: Settings, seen: Inspection) -> Iterator[Finding]:
    told = f"{seen.server} {seen.version} answers in {seen.milliseconds:.1f} ms"
    if seen.milliseconds > SLOW_MILLISECONDS:
        yield warning(
            URL,
            f"{told}: operations have 30 ms, and will fail under load.",
            "Use a server in the same region or network.",
        )
    else:
        yield ok(URL, f"{told}.")
    if not seen.takes_writes:
        yield failed(
            URL,
            "It takes no writes: it is full, or a replica.",
            "Give it more memory (25 MB hold all records), or the primary's address.",
        )
    if seen.has_others_keys:
        yield warning(
            URL,
            "Its database has keys of others.",
            "Give each deployment a database of its own: a number at the address's end, as /1.",
        )
    yield from _connections(settings, seen)


def _connections(settings: Settings, seen: Inspection) -> Iterator[Finding]:
    wanted = PROCESS_CONNECTIONS * settings.web_concurrency
    if seen.max_clients is None or seen.clients is None:
        return
    left = seen.max_clients - seen.clients
    if wanted > left:
        yield warning(
            "WEB_CONCURRENCY",
            f"The workers take up to {wanted} connections, and Redis has {left} of "
            f"{seen.max_clients} left.",
            "Fewer workers, or a plan with more connections. A deployment in service, or a "
            "second machine, takes as many again.",
        )


def _memory(settings: Settings, seen: Inspection) -> Iterator[Finding]:
    if seen.max_bytes and seen.max_bytes < ROOM_BYTES:
        yield warning(
            URL,
            f"It is full at {seen.max_bytes / 1e6:.0f} MB: all records there will be take 25 MB.",
            "Give it more memory, or live with some records being fetched again.",
        )
    if seen.policy is None or not seen.max_bytes:
        return
    forgets = seen.policy != "noeviction"
    if forgets and settings.approov_message_signing != "off":
        yield warning(
            "maxmemory-policy",
            f"{seen.policy}: when it is full, Redis may forget a signature that it has seen, and "
            "a request could be sent again.",
            "Set it to noeviction where secrets want signatures.",
        )
    else:
        yield ok("maxmemory-policy", f"{seen.policy}: it fits.")


def _way(settings: Settings) -> Iterator[Finding]:
    """Look at how one gets there."""
    assert settings.redis_url is not None  # noqa: S101  (the caller has looked)
    url = urlsplit(settings.redis_url.get_secret_value())
    has_tls, is_lax = url.scheme == "rediss", settings.redis_tls_verify == "off"
    if is_lax and not has_tls:
        yield warning(
            "REDIS_TLS_VERIFY", "It does nothing: the address is no rediss:// one.", "Remove it."
        )
    elif is_lax:
        yield warning(
            "REDIS_TLS_VERIFY",
            "off: whoever stands between can be Redis, and read the password.",
            "Only for a platform's own network, as Heroku's, whose certificate is self-signed.",
        )
    elif not has_tls and is_public(url.hostname or ""):
        yield warning(
            URL,
            "redis:// is not encrypted, password included, and the host is one of the internet.",
            "Use rediss://, unless the way there is a private network.",
        )
