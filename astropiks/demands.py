"""What settings demand of a token, for who makes one."""

from edge.settings import Settings
from edge.verification import RECIPIENT_HEADER

BOUND_TO = "example"
"""Stands for what a real app binds its tokens to."""

RECIPIENT = RECIPIENT_HEADER.title()
"""As people write it."""


def claims(settings: Settings) -> dict[str, str]:
    """Give the claims that *settings* want of every token."""
    wanted = {"iss": settings.approov_issuer, "aud": settings.approov_audience}
    return {name: value for name, value in wanted.items() if value}


def lifetime(settings: Settings, seconds: float) -> float:
    """Give *seconds*, or as many as *settings* allow."""
    return min(seconds, settings.approov_max_lifetime_seconds or seconds)


def header(settings: Settings, token: str) -> dict[str, str]:
    """Give the header that carries *token*, as *settings* want it."""
    return {settings.approov_header_name: f"{settings.approov_header_prefix} {token}".strip()}


def bound_headers(settings: Settings, recipient: str | None = None) -> dict[str, str]:
    """Give headers for a token to be bound to: by their values, joined in this order.

    Args:
        settings: name them.
        recipient: value of the `Secret-Recipient` to be sent besides, if any.
    """
    values = dict.fromkeys(settings.approov_binding_headers, BOUND_TO)
    return values if recipient is None else {**values, RECIPIENT: recipient}
