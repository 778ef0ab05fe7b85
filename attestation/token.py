"""Turn a token into an `Attestation`, or say why not. The only module that imports `jwt`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt

from attestation import compact
from attestation.errors import (
    AlgorithmError,
    ClaimError,
    ExpiredTokenError,
    HeaderError,
    InvalidExpiryError,
    MissingExpiryError,
    SignatureError,
    VerificationFailureError,
)
from attestation.keys import HmacKey, KeyRing

ALGORITHM: Final = "HS256"
"""From configuration, never from the token (RFC 8725 section 3.1)."""

LAST_NUMERIC_DATE = 253402300800
"""The first second of the year 10000: an `exp` beyond it is nonsense, not a date."""

Clock = Callable[[], float]
"""Gives the present as Unix time in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """Verified claims of a genuine app. Only `TokenVerifier` makes one.

    Attributes:
        expires_at: Unix time in seconds from which on the token is refused; may be fractional.
        device_id: Approov's device id (`did`), where the token has one.
    """

    expires_at: float
    device_id: str | None


class TokenVerifier:
    """Verifies HS256 tokens against a ring of secrets."""

    def __init__(self, keys: KeyRing, *, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._jws = jwt.PyJWS(algorithms=[ALGORITHM])

    def verify(self, token: bytes) -> Attestation:
        """Check form, header, signature and claims of *token*, in this order.

        Args:
            token: the exact bytes of the header value, prefix removed.

        Raises:
            AttestationError: by one of its leaves; nothing else ever leaves this method.
        """
        parsed = compact.parse(token)
        _check_header(parsed.header)
        if not any(self._is_signed_by(key, token) for key in self._keys):
            raise SignatureError("no configured secret made this signature")
        return Attestation(
            expires_at=_unexpired(parsed.claims, self._clock()),
            device_id=_device_id(parsed.claims),
        )

    def _is_signed_by(self, key: HmacKey, token: bytes) -> bool:
        try:
            self._jws.decode_complete(
                token,
                key.secret,
                algorithms=[ALGORITHM],
                options={"verify_signature": True, "enforce_minimum_key_length": True},
            )
        except jwt.InvalidSignatureError:
            return False
        except Exception as error:  # noqa: BLE001
            # The one broad except: whatever breaks at the edge of cryptography refuses the
            # token. The cause is named by type only, since its text may quote the token.
            msg = f"the signature could not be checked ({type(error).__name__})"
            raise VerificationFailureError(msg) from None
        return True


def _check_header(header: Mapping[str, Any]) -> None:
    """Refuse other algorithms, other kinds of JWT and critical extensions (RFC 7515 4.1.11)."""
    if header.get("alg") != ALGORITHM:
        raise AlgorithmError(f"the token's alg is not {ALGORITHM}")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise HeaderError("the token's typ is not JWT")
    if "crit" in header or "b64" in header:
        raise HeaderError("the token demands extensions that Approov tokens do not have")


def _unexpired(claims: Mapping[str, Any], now: float) -> float:
    """Give `exp`, a NumericDate that may be fractional (RFC 7519 section 4.1.4)."""
    if "exp" not in claims:
        raise MissingExpiryError("the token has no exp")
    exp = claims["exp"]
    if isinstance(exp, bool) or not isinstance(exp, int | float):
        raise InvalidExpiryError("exp is not a number")
    if not math.isfinite(exp) or not 0 < exp < LAST_NUMERIC_DATE:
        raise InvalidExpiryError("exp is not a date between 1970 and 9999")
    if now >= exp:
        raise ExpiredTokenError(now - exp)
    return float(exp)


def _device_id(claims: Mapping[str, Any]) -> str | None:
    device_id = claims.get("did")
    if device_id is not None and not isinstance(device_id, str):
        raise ClaimError("did is not a text")
    return device_id
