"""Make tokens as Approov would, good and bad, for development and tests.

Written by hand on purpose: it has to make what a JWT library refuses to make, and a verifier is
better proved by a signer that shares no code with it.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from enum import StrEnum

DEVICE_ID = "ZGV2ZWxvcG1lbnQtZGV2aQ=="
"""16 bytes in base64, as Approov's device ids are."""


class Invalid(StrEnum):
    """What can be wrong with a token."""

    EXPIRED = "expired"
    SIGNATURE = "signature"
    ALGORITHM = "algorithm"
    NO_EXPIRY = "no-expiry"
    BAD_EXPIRY = "bad-expiry"
    NOT_YET_VALID = "not-yet-valid"
    TYPE = "type"
    DUPLICATE = "duplicate"
    PADDED = "padded"
    MALFORMED = "malformed"


def mint(
    secret: bytes,
    *,
    now: float,
    expires_in: float = 3600,
    bind: str | None = None,
    install_key: bytes | None = None,
    more: Mapping[str, str] | None = None,
    invalid: Invalid | None = None,
) -> str:
    """Make one token.

    Args:
        secret: the HS256 key.
        now: the present, Unix time in seconds.
        expires_in: seconds until it expires.
        bind: what the token is bound to: the `pay` claim gets its SHA-256.
        install_key: public key of the install, DER, for the `ipk` claim.
        more: further claims, such as `iss`.
        invalid: what to make wrong, if anything.
    """
    claims: dict[str, object] = {"exp": now + expires_in, "did": DEVICE_ID, **(more or {})}
    if bind is not None:
        claims["pay"] = base64.b64encode(hashlib.sha256(bind.encode()).digest()).decode()
    if install_key is not None:
        claims["ipk"] = base64.b64encode(install_key).decode()
    header = {"alg": "HS256", "typ": "JWT"}
    return (
        _spoiled(invalid, header, claims, secret, now) if invalid else sign(header, claims, secret)
    )


def _spoiled(
    invalid: Invalid, header: dict[str, str], claims: dict[str, object], secret: bytes, now: float
) -> str:
    """Make the token, wrong in one way."""
    if invalid is Invalid.MALFORMED:
        return "NO_APPROOV_SERVICE"
    wrong_header = {Invalid.ALGORITHM: {"alg": "none"}, Invalid.TYPE: {"typ": "at+jwt"}}
    wrong_claims: dict[Invalid, dict[str, object]] = {
        Invalid.EXPIRED: {"exp": now - 1},
        Invalid.BAD_EXPIRY: {"exp": ""},
        Invalid.NOT_YET_VALID: {"nbf": now + 600},
    }
    header |= wrong_header.get(invalid, {})
    claims |= wrong_claims.get(invalid, {})
    if invalid is Invalid.NO_EXPIRY:
        del claims["exp"]
    if invalid is Invalid.DUPLICATE:
        doubled = json.dumps(claims)[:-1] + f', "exp": {now + 600}}}'
        return sign_segments(json.dumps(header).encode(), doubled.encode(), secret)
    if invalid is Invalid.SIGNATURE:
        secret = hashlib.sha256(secret).digest()
    return sign(header, claims, secret) + ("=" if invalid is Invalid.PADDED else "")


def sign(header: Mapping[str, object], claims: Mapping[str, object], secret: bytes) -> str:
    """Give the compact HS256 form of any header and claims."""
    header_json, claims_json = (
        json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)
    )
    return sign_segments(header_json, claims_json, secret)


def sign_segments(header: bytes, claims: bytes, secret: bytes) -> str:
    """Give the compact HS256 form of any bytes."""
    signing_input = f"{base64url(header)}.{base64url(claims)}"
    signature = hmac.digest(secret, signing_input.encode(), "sha256")
    return f"{signing_input}.{base64url(signature)}"


def base64url(data: bytes) -> str:
    """Encode without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
