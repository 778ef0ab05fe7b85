"""Sign requests as Approov's service layer does on the phone, for development and tests.

It shares no code with the verifier, so that each is a proof of the other.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

VALIDITY_SECONDS = 15
"""As the service layer has it."""


class InstallKey:
    """The key pair of one app install."""

    label = "install"
    algorithm = "ecdsa-p256-sha256"

    def __init__(self, private: EllipticCurvePrivateKey | None = None) -> None:
        self._private = private or generate_private_key(SECP256R1())

    @property
    def public(self) -> bytes:
        """DER SubjectPublicKeyInfo, for the token's `ipk`."""
        public = self._private.public_key()
        return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, base: bytes) -> bytes:
        """Give the raw signature: r and s, 32 bytes each."""
        r, s = decode_dss_signature(self._private.sign(base, ECDSA(SHA256())))
        return r.to_bytes(32) + s.to_bytes(32)


class AccountKey:
    """The message-signing key of an account."""

    label = "account"
    algorithm = "hmac-sha256"

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, base: bytes) -> bytes:
        """Give the HMAC."""
        return hmac.digest(self._secret, base, "sha256")


def sign_request(
    key: InstallKey | AccountKey,
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    now: float,
    body: bytes = b"",
) -> dict[str, str]:
    """Give *headers* and the ones that sign them, with the service layer's default coverage.

    Args:
        key: makes the signature.
        method: of the request.
        url: absolute, as it will be sent.
        headers: to be covered, the token's among them.
        now: Unix time in seconds.
        body: of the request; covered by its digest unless it is empty.
    """
    sent = dict(headers)
    if body:
        sent["Content-Digest"] = f"sha-256=:{_base64(hashlib.sha256(body).digest())}:"
    covered = {"@method": method, "@target-uri": url}
    covered |= {name.lower(): value for name, value in sent.items()}
    names = " ".join(f'"{name}"' for name in covered)
    times = f"created={int(now)};expires={int(now) + VALIDITY_SECONDS}"
    parameters = f'({names});{times};alg="{key.algorithm}"'
    sent["Signature-Input"] = f"{key.label}={parameters}"
    sent["Signature"] = f"{key.label}=:{_base64(key.sign(base_of(covered, parameters)))}:"
    return sent


def base_of(covered: Mapping[str, str], parameters: str) -> bytes:
    """Give the signature base (RFC 9421 section 2.5)."""
    lines = [f'"{name}": {value}' for name, value in covered.items()]
    return "\n".join([*lines, f'"@signature-params": {parameters}']).encode()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
