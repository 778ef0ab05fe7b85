"""Values encrypted to a key that only one app instance has. The only importer of `joserfc`.

The client makes a P-256 key pair, has its Approov token bound to the public key and sends that in
`Secret-Recipient`. The value comes back as a JWE (RFC 7516) by ECDH-ES (RFC 7518 section 4.6):
whoever sees the exchange, or takes TLS apart, cannot open it, and whoever changes the key no
longer has a token that fits.
"""

import base64
import re
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)
from joserfc import jwe
from joserfc.jwk import ECKey
from joserfc.registry import HeaderParameter

from secrets_service.errors import RecipientError

SPKI_BYTES = 91
"""A P-256 public key as DER SubjectPublicKeyInfo with an uncompressed point (RFC 5480)."""

FORM = re.compile(rb"[A-Za-z0-9_-]{122}")

REGISTRY = jwe.JWERegistry(
    {
        "name": HeaderParameter("name of the secret", "str"),
        "version": HeaderParameter("its version", "str"),
    },
    algorithms=["ECDH-ES", "A256GCM"],
)

WANTED = (
    "Secret-Recipient wants a P-256 public key as DER SubjectPublicKeyInfo in base64url without "
    "padding, 122 characters, and a token that is bound to that very text."
)


class Recipient:
    """A key to seal for."""

    def __init__(self, header: bytes) -> None:
        """Read the header's value.

        Raises:
            RecipientError: it is no such key, in one spelling.
        """
        if not FORM.fullmatch(header):
            raise RecipientError("the header has another form")
        der = base64.urlsafe_b64decode(header + b"==")
        try:
            key = load_der_public_key(der)
        except Exception as error:  # noqa: BLE001  (what it raises for a bad key is not specified)
            msg = f"the key cannot be read ({type(error).__name__})"
            raise RecipientError(msg) from None
        if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
            raise RecipientError("the key is not of P-256")
        if public_text(key).encode() != header:
            raise RecipientError("the key is written in an unusual way")
        self._key = ECKey.import_key(key)

    def seal(self, payload: bytes, *, name: str, version: str) -> str:
        """Encrypt *payload*; name and version stand readable, but authentic, in the header."""
        protected: dict[str, Any] = {
            "alg": "ECDH-ES",
            "enc": "A256GCM",
            "kid": self._key.thumbprint(),
            "cty": "json",
            "name": name,
            "version": version,
        }
        return jwe.encrypt_compact(protected, payload, self._key, registry=REGISTRY)


def public_text(key: EllipticCurvePublicKey) -> str:
    """Give a public key as the header wants it."""
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(der).rstrip(b"=").decode()


def unseal(sealed: str, private_pem: bytes) -> bytes:
    """Open what was sealed for the key in *private_pem*.

    Raises:
        ValueError: it was sealed for another, or is not sealed at all.
    """
    try:
        key = ECKey.import_key(private_pem)
        opened = jwe.decrypt_compact(sealed, key, registry=REGISTRY)
    except Exception as error:  # noqa: BLE001  (a key in PEM can be wrong in many ways)
        raise ValueError(f"it cannot be opened with this key ({type(error).__name__})") from None
    if opened.plaintext is None:
        raise ValueError("it is empty")
    return opened.plaintext
