"""Turn a token into an `Attestation`, or say why not."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from attestation import claims, compact
from attestation.claims import Attestation, ClaimPolicy, Clock
from attestation.compact import CompactToken
from attestation.errors import (
    AlgorithmError,
    HeaderError,
    SignatureError,
    UnknownKeyError,
    VerificationFailureError,
)
from attestation.keys import Key, KeyRing
from attestation.memory import BoundedMemory

MAX_REMEMBERED = 20_000
"""Tokens, at well under 1 kB each: a fleet's devices within a token's few minutes."""


class Remembered(NamedTuple):
    """What a token has proved, and when it did."""

    attestation: Attestation
    since: float


class TokenVerifier:
    """Verifies tokens against a ring of keys, and remembers those that it has verified."""

    def __init__(self, keys: KeyRing, *, clock: Clock, policy: ClaimPolicy | None = None) -> None:
        self._clock = clock
        self._policy = policy or ClaimPolicy()
        self.replace_keys(keys)

    @property
    def keys(self) -> KeyRing:
        """Those in force."""
        return self._state[0]

    def replace_keys(self, keys: KeyRing) -> None:
        """Verify with *keys* from now on; what a removed key has verified is forgotten."""
        remembered: BoundedMemory[bytes, Remembered] = BoundedMemory(MAX_REMEMBERED)
        # Both change at once, so that nothing verified with old keys is remembered under new ones.
        self._state = (keys, remembered)

    def verify(self, token: bytes) -> Attestation:
        """Check form, header, signature and claims of *token*, in this order.

        A token seen before costs a look-up: it is known by its exact bytes until it expires.

        Args:
            token: the exact bytes of the header value, prefix removed.

        Raises:
            AttestationError: by one of its leaves; nothing else ever leaves this method.
        """
        now = self._clock()
        keys, remembered = self._state
        known = remembered.find(token)
        if known is not None and known.since <= now < known.attestation.good_until:
            return known.attestation
        parsed = compact.parse(token)
        _check_header(parsed.header)
        _check_signature(parsed, keys)
        attestation = claims.check(parsed.claims, self._policy, now)
        remembered.keep(token, Remembered(attestation, now))
        return attestation


def _check_header(header: Mapping[str, Any]) -> None:
    """Refuse other kinds of JWT and critical extensions (RFC 7515 section 4.1.11)."""
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise HeaderError("the token's typ is not JWT")
    if "crit" in header or "b64" in header:
        raise HeaderError("the token demands extensions that Approov tokens do not have")
    if not isinstance(header.get("kid"), str | None):
        raise HeaderError("the token's kid is not a text")


def _check_signature(parsed: CompactToken, keys: KeyRing) -> None:
    """Find the key that made the signature; the token's `alg` never chooses how."""
    named = keys.candidates(parsed.header.get("kid"))
    if not named:
        raise UnknownKeyError("the token's kid is of no configured key")
    algorithm = parsed.header.get("alg")
    usable = [key for key in named if key.algorithm == algorithm]
    if not usable:
        wanted = sorted({key.algorithm for key in named})
        raise AlgorithmError(f"the token's alg is not {' or '.join(wanted)}")
    if not any(_verifies(key, parsed) for key in usable):
        raise SignatureError(f"no configured key made this signature; tried {_names(usable)}")


def _verifies(key: Key, parsed: CompactToken) -> bool:
    try:
        return key.verifies(parsed.signing_input, parsed.signature)
    except Exception as error:  # noqa: BLE001
        # The one broad except: whatever breaks at the edge of cryptography refuses the token.
        # The cause is named by type only, since its text may quote the token.
        msg = f"the signature could not be checked ({type(error).__name__})"
        raise VerificationFailureError(msg) from None


def _names(keys: Sequence[Key]) -> str:
    """Name keys for a person: by kid, or by place."""
    return ", ".join(key.kid or f"secret {place}" for place, key in enumerate(keys, 1))
