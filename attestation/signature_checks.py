"""Whether a key made a signature over a base: ECDSA on P-256, and HMAC, both with SHA-256."""

import hmac
from collections.abc import Callable

from attestation.request_errors import MessageSigningKeyError

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
SCALAR_BYTES = 32

Check = Callable[[bytes, bytes], bool]
"""Tells whether a signature (first) fits a base (second)."""


def install_check(install_key: bytes) -> Check:
    """Make the check for ECDSA on P-256 with SHA-256; the key's point is checked on loading."""
    # Not above: where no message signature is verified, `cryptography` need not be installed.
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ec import (  # noqa: PLC0415
        ECDSA,
        SECP256R1,
        EllipticCurvePublicKey,
    )
    from cryptography.hazmat.primitives.asymmetric.utils import (  # noqa: PLC0415
        encode_dss_signature,
    )
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_der_public_key,
    )

    try:
        key = load_der_public_key(install_key)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise MessageSigningKeyError("ipk is no public key") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise MessageSigningKeyError("ipk is no P-256 key")

    def check(signature: bytes, base: bytes) -> bool:
        try:
            key.verify(encode_dss_signature(*_scalars(signature)), base, ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True

    return check


def account_check(account_key: bytes) -> Check:
    """Make the check for HMAC with SHA-256, in constant time."""

    def check(signature: bytes, base: bytes) -> bool:
        return hmac.compare_digest(hmac.digest(account_key, base, "sha256"), signature)

    return check


def _scalars(signature: bytes) -> tuple[int, int]:
    """Read r and s of a raw ECDSA signature (RFC 9421 section 3.3.4)."""
    return int.from_bytes(signature[:SCALAR_BYTES]), int.from_bytes(signature[SCALAR_BYTES:])


def canonical(signature: bytes) -> bytes:
    """Give one spelling to the two signatures (r, s) and (r, n - s) that are both valid."""
    if len(signature) != 2 * SCALAR_BYTES:
        return signature
    r, s = _scalars(signature)
    return b"".join(n.to_bytes(SCALAR_BYTES) for n in (r, min(s, P256_ORDER - s)))
