"""What the verified claims of a token must say, and what they tell."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from attestation import base64_text
from attestation.errors import (
    AudienceError,
    ClaimError,
    ExpiredTokenError,
    InvalidExpiryError,
    IssuerError,
    LifetimeError,
    MissingExpiryError,
    NotYetValidError,
)

LAST_NUMERIC_DATE = 253402300800
"""The first second of the year 10000: a NumericDate beyond it is nonsense, not a date."""

CLOCK_TOLERANCE_SECONDS = 60
"""How far ahead of us the issuer's clock may be in `iat`, which protects nothing by itself."""

Clock = Callable[[], float]
"""Gives the present as Unix time in seconds."""

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimPolicy:
    """What the operator demands beyond `exp`.

    Attributes:
        issuer: `iss` must be this.
        audience: `aud` must be this, or contain it.
        leeway_seconds: how far clocks may differ when `exp` and `nbf` are judged.
        max_lifetime_seconds: a token that is good for longer from now on is refused.
    """

    issuer: str | None = None
    audience: str | None = None
    leeway_seconds: float = 0
    max_lifetime_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """Verified claims of a genuine app. Only the verifier makes one.

    Attributes:
        expires_at: Unix time in seconds of `exp`; may be fractional.
        good_until: `expires_at` and the leeway: from then on the token is refused.
        device_id: Approov's device id (`did`).
        address: the phone's address as the Approov cloud saw it (`ip`).
        arc: attestation response code (`arc`), for Approov's support.
        bound_to: SHA-256 of what the token is bound to (`pay`), 32 bytes.
        install_key: public key of this install (`ipk`), DER SubjectPublicKeyInfo.
        account_key_id: id of the account's message-signing key (`mskid`).
        claims: all of them, as they came.
        bound_headers: names of the headers of this request that the token was found bound to.
        is_signed: whether this request was found signed.
        is_new: whether, being signed, it certainly comes for the first time.
    """

    expires_at: float
    good_until: float
    device_id: str | None = None
    address: str | None = None
    arc: str | None = None
    bound_to: bytes | None = field(default=None, repr=False)
    install_key: bytes | None = field(default=None, repr=False)
    account_key_id: str | None = None
    claims: Claims = field(default_factory=dict, repr=False)
    bound_headers: tuple[str, ...] = ()
    is_signed: bool = False
    is_new: bool = False


def check(claims: Claims, policy: ClaimPolicy, now: float) -> Attestation:
    """Judge *claims* at Unix time *now*.

    Raises:
        ClaimError: by its leaves.
    """
    expires_at = _expiry(claims)
    good_until = expires_at + policy.leeway_seconds
    if now >= good_until:
        raise ExpiredTokenError(now - expires_at)
    _check_lifetime(expires_at, policy, now)
    _check_beginning(claims, policy, now)
    _check_issuer(claims, policy)
    _check_audience(claims, policy)
    return Attestation(
        expires_at=expires_at,
        good_until=good_until,
        device_id=_text(claims, "did"),
        address=_text(claims, "ip"),
        arc=_text(claims, "arc"),
        bound_to=_hash(claims),
        install_key=_decoded(claims, "ipk"),
        account_key_id=_text(claims, "mskid"),
        claims=claims,
    )


def _numeric_date(value: object) -> float | None:
    """Read a NumericDate, which may be fractional (RFC 7519 section 2)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and 0 < value < LAST_NUMERIC_DATE else None


def _expiry(claims: Claims) -> float:
    if "exp" not in claims:
        raise MissingExpiryError("the token has no exp")
    expires_at = _numeric_date(claims["exp"])
    if expires_at is None:
        raise InvalidExpiryError("exp is not a date between 1970 and 9999")
    return expires_at


def _check_lifetime(expires_at: float, policy: ClaimPolicy, now: float) -> None:
    if policy.max_lifetime_seconds is not None and expires_at - now > policy.max_lifetime_seconds:
        raise LifetimeError(f"the token is good for {expires_at - now:.0f} seconds more")


def _check_beginning(claims: Claims, policy: ClaimPolicy, now: float) -> None:
    """Judge `nbf` and `iat` where they stand (RFC 7519 sections 4.1.5 and 4.1.6)."""
    tolerances = {
        "nbf": policy.leeway_seconds,
        "iat": max(policy.leeway_seconds, CLOCK_TOLERANCE_SECONDS),
    }
    for name, tolerance in tolerances.items():
        if name not in claims:
            continue
        moment = _numeric_date(claims[name])
        if moment is None:
            raise ClaimError(f"{name} is not a date")
        if moment > now + tolerance:
            raise NotYetValidError(f"{name} is {moment - now:.3f} seconds ahead")


def _check_issuer(claims: Claims, policy: ClaimPolicy) -> None:
    if policy.issuer is not None and claims.get("iss") != policy.issuer:
        raise IssuerError("iss is not APPROOV_ISSUER")


def _check_audience(claims: Claims, policy: ClaimPolicy) -> None:
    if policy.audience is None:
        return
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if policy.audience not in audiences:
        raise AudienceError("aud is not APPROOV_AUDIENCE")


def _text(claims: Claims, name: str) -> str | None:
    value = claims.get(name)
    if value is not None and not isinstance(value, str):
        raise ClaimError(f"{name} is not a text")
    return value


def _decoded(claims: Claims, name: str) -> bytes | None:
    text = _text(claims, name)
    if text is None:
        return None
    try:
        return base64_text.decode(text)
    except ValueError:
        raise ClaimError(f"{name} is not base64") from None


def _hash(claims: Claims) -> bytes | None:
    bound_to = _decoded(claims, "pay")
    if bound_to is not None and len(bound_to) != 32:
        raise ClaimError("pay is not a SHA-256 hash")
    return bound_to
