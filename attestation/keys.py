"""The secrets that tokens are verified with, newest first, each pinned to HS256."""

import base64
import binascii
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field

MIN_SECRET_BYTES = 32
"""RFC 8725 section 3.5 and RFC 7518 section 3.2: as long as the hash that HS256 uses."""

PUBLISHED_SECRET_DIGESTS = frozenset(
    {
        # SHA-256 of the secrets printed in Approov's samples and test suites. Everybody can sign
        # with them, so only development may accept them.
        "786cbeb0a2e9e33a3dc17ab73d7b4e51b54143321a3e1283c90ae92c1694c813",
        "9202015b03b8db1268e0aedc1d892397ff752e5e9a9b89b8d66533438ac205e5",
        "c9cc2e14f9ed50a7d189beeb7e4ed76d410b8dfd87f2f4c390ee9f2ea2840192",
    }
)


class InvalidSecretError(ValueError):
    """A configured secret cannot be used. The message never quotes it."""


@dataclass(frozen=True, slots=True)
class HmacKey:
    """One HS256 secret, decoded. Its bytes never show in `repr` or `str`."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < MIN_SECRET_BYTES:
            raise InvalidSecretError(
                f"decodes to {len(self.secret)} bytes, HS256 needs at least {MIN_SECRET_BYTES}"
            )

    @property
    def is_published(self) -> bool:
        """Whether the secret is one of those that Approov publishes with its samples."""
        return hashlib.sha256(self.secret).hexdigest() in PUBLISHED_SECRET_DIGESTS

    @classmethod
    def from_base64(cls, text: str) -> "HmacKey":
        """Decode a secret as `approov secret -get base64` or `-get base64url` prints it.

        Raises:
            InvalidSecretError: not base64, or too short.
        """
        standard = text.strip().replace("-", "+").replace("_", "/").rstrip("=")
        try:
            secret = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
        except (binascii.Error, ValueError):
            raise InvalidSecretError("is not base64 or base64url text") from None
        return cls(secret)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys in force, newest first, so that a rotation costs no request.

    Raises:
        InvalidSecretError: there is no key.
    """

    keys: tuple[HmacKey, ...]

    def __post_init__(self) -> None:
        if not self.keys:
            raise InvalidSecretError("holds no secret")

    def __iter__(self) -> Iterator[HmacKey]:
        return iter(self.keys)

    @classmethod
    def from_base64_list(cls, text: str) -> "KeyRing":
        """Read comma-separated base64 secrets, newest first."""
        return cls(tuple(HmacKey.from_base64(part) for part in text.split(",")))
