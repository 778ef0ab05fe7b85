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
    MALFORMED = "malformed"


def mint(
    secret: bytes,
    *,
    now: float,
    expires_in: float = 3600,
    bind: str | None = None,
    invalid: Invalid | None = None,
) -> str:
    """Make one token.

    Args:
        secret: the HS256 key.
        now: the present, Unix time in seconds.
        expires_in: seconds until it expires.
        bind: what the token is bound to: the `pay` claim gets its SHA-256.
        invalid: what to make wrong, if anything.
    """
    claims: dict[str, object] = {"exp": now + expires_in, "did": DEVICE_ID}
    if bind is not None:
        claims["pay"] = base64.b64encode(hashlib.sha256(bind.encode()).digest()).decode()
    header = {"alg": "HS256", "typ": "JWT"}
    match invalid:
        case Invalid.EXPIRED:
            claims["exp"] = now - 1
        case Invalid.SIGNATURE:
            secret = hashlib.sha256(secret).digest()
        case Invalid.ALGORITHM:
            header["alg"] = "none"
        case Invalid.NO_EXPIRY:
            del claims["exp"]
        case Invalid.BAD_EXPIRY:
            claims["exp"] = ""
        case Invalid.MALFORMED:
            return "NO_APPROOV_SERVICE"
        case None:
            pass
    return sign(header, claims, secret)


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
