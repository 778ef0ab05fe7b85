"""What tokens are verified with: secrets and public keys, each pinned to one algorithm.

The only module that imports `jwt`, for its algorithms: the token itself is read by `compact`,
strictly, and judged by `claims`.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import jwt

from attestation import base64_text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

MIN_SECRET_BYTES = 32
"""RFC 8725 section 3.5 and RFC 7518 section 3.2: as long as the hash that HS256 uses."""

MIN_RSA_BITS = 2048
"""RFC 7518 section 3.3."""

CURVES = {"ES256": "secp256r1", "ES384": "secp384r1", "ES512": "secp521r1"}
RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")

PUBLISHED_SECRET_DIGESTS = frozenset(
    {
        # SHA-256 of the secrets printed in Approov's samples and test suites. Everybody can sign
        # with them, so only development may accept them.
        "786cbeb0a2e9e33a3dc17ab73d7b4e51b54143321a3e1283c90ae92c1694c813",
        "9202015b03b8db1268e0aedc1d892397ff752e5e9a9b89b8d66533438ac205e5",
        "c9cc2e14f9ed50a7d189beeb7e4ed76d410b8dfd87f2f4c390ee9f2ea2840192",
    }
)


class InvalidKeyError(ValueError):
    """A configured secret or key cannot be used. The message never quotes it."""


class Key(Protocol):
    """One key, good for one algorithm (RFC 8725 section 3.1)."""

    @property
    def algorithm(self) -> str:
        """The `alg` that it is pinned to."""

    @property
    def kid(self) -> str | None:
        """Its id, where it has one."""

    def verifies(self, signing_input: bytes, signature: bytes) -> bool:
        """Tell whether this key made *signature* over *signing_input*."""


@dataclass(frozen=True, slots=True)
class HmacKey:
    """One HS256 secret, decoded. Its bytes never show in `repr` or `str`."""

    secret: bytes = field(repr=False)
    kid: str | None = None
    algorithm: str = field(default="HS256", init=False)

    def __post_init__(self) -> None:
        if len(self.secret) < MIN_SECRET_BYTES:
            raise InvalidKeyError(
                f"decodes to {len(self.secret)} bytes, HS256 needs at least {MIN_SECRET_BYTES}"
            )

    @property
    def is_published(self) -> bool:
        """Whether the secret is one of those that Approov publishes with its samples."""
        return hashlib.sha256(self.secret).hexdigest() in PUBLISHED_SECRET_DIGESTS

    def verifies(self, signing_input: bytes, signature: bytes) -> bool:
        """Compare MACs in constant time."""
        return _is_mac(signature, self.secret, signing_input)

    def verifies_undecoded(self, signing_input: bytes, signature: bytes) -> bool:
        """Tell whether the signer used the base64 text of this secret in place of its bytes."""
        padded = (base64.b64encode(self.secret), base64.urlsafe_b64encode(self.secret))
        texts = {*padded, *(text.rstrip(b"=") for text in padded)}
        return any(_is_mac(signature, text, signing_input) for text in texts)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One RSA or elliptic-curve key of a key set."""

    algorithm: str
    kid: str | None
    material: "RSAPublicKey | EllipticCurvePublicKey" = field(repr=False)

    def verifies(self, signing_input: bytes, signature: bytes) -> bool:
        """Verify with the pinned algorithm."""
        algorithm = jwt.get_algorithm_by_name(self.algorithm)
        return algorithm.verify(signing_input, self.material, signature)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys in force, newest first, so that a rotation costs no request.

    Raises:
        InvalidKeyError: there is no key, or two have the same id.
    """

    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        if not self.keys:
            raise InvalidKeyError("holds no key")
        kids = [key.kid for key in self.keys if key.kid is not None]
        if len(set(kids)) != len(kids):
            raise InvalidKeyError("holds two keys of the same kid")

    @property
    def has_published(self) -> bool:
        """Whether everybody can sign with one of them."""
        return any(isinstance(key, HmacKey) and key.is_published for key in self.keys)

    def candidates(self, kid: str | None) -> tuple[Key, ...]:
        """Give the keys that a token naming *kid* may be verified with.

        `kid` only looks up (RFC 8725 section 3.10): a known one names its key; without one, every
        key is tried; an unknown one leaves the keys that have no id of their own.
        """
        if kid is None:
            return self.keys
        return tuple(key for key in self.keys if key.kid == kid) or tuple(
            key for key in self.keys if key.kid is None
        )


def decode_secrets(text: str) -> tuple[HmacKey, ...]:
    """Read comma-separated base64 secrets, newest first."""
    try:
        return tuple(HmacKey(decode_secret(part)) for part in text.split(","))
    except InvalidKeyError as error:
        hint = _hint(text.partition(",")[0].strip()) if "base64" in str(error) else ""
        raise InvalidKeyError(f"{error}{hint}") from None


def _hint(text: str) -> str:
    """Recognise the usual slips in pasting a secret."""
    if len(text.split()) > 1:
        return ": has more than the secret in it, add -plain to `approov secret`"
    if len(text) >= MIN_SECRET_BYTES:
        return ": seems to be the secret itself, take `approov secret -get base64`"
    return ""


def decode_secret(text: str) -> bytes:
    """Decode base64 or base64url text, with or without padding.

    Raises:
        InvalidKeyError: it is neither.
    """
    try:
        return base64_text.decode(text.strip())
    except ValueError as error:
        raise InvalidKeyError(str(error)) from None


def key_from_jwk(jwk: Mapping[str, Any]) -> Key:
    """Read one public or secret JSON Web Key (RFC 7517), pinned to its algorithm.

    Raises:
        InvalidKeyError: unusable, or its algorithm is neither stated nor evident.
    """
    _check_purpose(jwk)
    kid, kind = jwk.get("kid"), jwk.get("kty")
    if kind == "oct":
        if jwk.get("alg", "HS256") != "HS256" or not isinstance(jwk.get("k"), str):
            raise InvalidKeyError("is no HS256 key")
        return HmacKey(decode_secret(jwk["k"]), kid)
    algorithm = jwk.get("alg", "ES256" if jwk.get("crv") == "P-256" else None)
    if algorithm not in (*RSA_ALGORITHMS, *CURVES):
        raise InvalidKeyError("has no alg out of RS, PS or ES 256 to 512")
    return _public_key(jwk, algorithm)


def _public_key(jwk: Mapping[str, Any], algorithm: str) -> PublicKey:
    # Not above: where there are only secrets, `cryptography` need not be installed.
    from cryptography.hazmat.primitives.asymmetric.ec import (  # noqa: PLC0415
        EllipticCurvePublicKey,
    )
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415

    kid = jwk.get("kid")
    try:
        material = jwt.PyJWK(dict(jwk), algorithm).key
    except (jwt.PyJWTError, ValueError, TypeError):
        raise InvalidKeyError(f"is no {algorithm} key") from None
    if isinstance(material, RSAPublicKey) and algorithm in RSA_ALGORITHMS:
        if material.key_size < MIN_RSA_BITS:
            raise InvalidKeyError(f"has under {MIN_RSA_BITS} bits")
        return PublicKey(algorithm, kid, material)
    if isinstance(material, EllipticCurvePublicKey) and material.curve.name == CURVES.get(
        algorithm
    ):
        return PublicKey(algorithm, kid, material)
    raise InvalidKeyError(f"is no {algorithm} key")


def _check_purpose(jwk: Mapping[str, Any]) -> None:
    if not isinstance(jwk.get("kid"), str | None):
        raise InvalidKeyError("has a kid that is no text")
    if "d" in jwk:
        raise InvalidKeyError("is a private key, which has no place here")
    operations = jwk.get("key_ops", ["verify"])
    if (
        jwk.get("use", "sig") != "sig"
        or not isinstance(operations, list)
        or ("verify" not in operations)
    ):
        raise InvalidKeyError("is not meant for verifying signatures")


def keys_from_jwks(members: Iterable[object]) -> tuple[Key, ...]:
    """Read the `keys` of a JSON Web Key Set, each or none.

    Raises:
        InvalidKeyError: names the place of the first unusable key.
    """
    keys = []
    for place, member in enumerate(members, 1):
        if not isinstance(member, dict):
            raise InvalidKeyError(f"key {place} is no object")
        try:
            keys.append(key_from_jwk(member))
        except InvalidKeyError as error:
            raise InvalidKeyError(f"key {place} {error}") from None
    return tuple(keys)


def _is_mac(signature: bytes, secret: bytes, signing_input: bytes) -> bool:
    return hmac.compare_digest(hmac.digest(secret, signing_input, "sha256"), signature)
