"""What a request has to bring, and choices that make it less than could be had."""

from collections.abc import Iterator

from astropiks.doctor.finding import Finding, ok, warning
from edge.settings import Settings

LONG_LEEWAY_SECONDS = 60
"""Approov's tokens live five minutes: more is a good part of that."""


def protections(settings: Settings) -> Iterator[Finding]:
    """Say what is demanded, then what is weak in it."""
    demanded = {
        "issuer (APPROOV_ISSUER)": bool(settings.approov_issuer),
        "audience (APPROOV_AUDIENCE)": bool(settings.approov_audience),
        "token binding (APPROOV_BINDING_HEADERS)": bool(settings.approov_binding_headers),
        "message signature (APPROOV_MESSAGE_SIGNING)": settings.approov_message_signing != "off",
    }
    on = [name for name, is_on in demanded.items() if is_on]
    off = [name for name, is_on in demanded.items() if not is_on]
    demands = f"Of each token: signature, expiry{''.join(f', {name}' for name in on)}."
    yield ok("demanded", demands + (f" Not demanded: {', '.join(off)}." if off else ""))
    yield from _enforcement(settings)
    yield from _binding(settings)
    yield from _signatures(settings)
    yield from _questions(settings)
    if settings.approov_leeway_seconds > LONG_LEEWAY_SECONDS:
        yield warning(
            "APPROOV_LEEWAY_SECONDS",
            f"Expired tokens pass for {settings.approov_leeway_seconds:g} seconds more.",
            "Keep this machine's clock right (NTP), and make it a few seconds, or 0.",
        )


def _enforcement(settings: Settings) -> Iterator[Finding]:
    if settings.approov_enforcement == "monitor" and settings.serves_proxy:
        yield warning(
            "APPROOV_ENFORCEMENT",
            "monitor: everybody gets NASA's answers, with a good token or without.",
            "Once the log has no line with outcome `monitored` for genuine apps, set it to "
            "enforce. Secrets are enforced now.",
        )


def _binding(settings: Settings) -> Iterator[Finding]:
    has_headers, missing = bool(settings.approov_binding_headers), settings.approov_missing_binding
    if has_headers and missing == "allow":
        yield warning(
            "APPROOV_MISSING_BINDING",
            "allow: a stolen token that is bound to nothing passes beside any header.",
            "Set it to deny, unless you use Approov's failover, whose tokens are bound to nothing.",
        )
    if not has_headers and missing == "allow":
        yield warning(
            "APPROOV_MISSING_BINDING",
            "It does nothing without APPROOV_BINDING_HEADERS.",
            "Name the headers that the app binds its tokens to, such as Authorization.",
        )


def _signatures(settings: Settings) -> Iterator[Finding]:
    is_off = settings.approov_message_signing == "off"
    if is_off and settings.approov_account_signing_key is not None:
        yield warning(
            "APPROOV_ACCOUNT_SIGNING_KEY",
            "It does nothing while APPROOV_MESSAGE_SIGNING is off.",
            "Set APPROOV_MESSAGE_SIGNING to required, once the app signs its requests.",
        )


def _questions(settings: Settings) -> Iterator[Finding]:
    """Look at what gateways are told that ask at /attest."""
    if settings.attest_reason == "on" and not settings.attest_callers:
        yield warning(
            "ATTEST_REASON",
            "It does nothing without ATTEST_CALLERS.",
            "Name the gateways that ask at /attest.",
        )
