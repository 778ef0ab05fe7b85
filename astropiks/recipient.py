"""The key pair of a pretended app instance, for sealed secrets in development."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from secrets_service.sealing import public_text


def kept_key(path: Path) -> bytes:
    """Give the private key in the file at *path* as PEM; make one, once, if there is none."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        pem = generate_private_key(SECP256R1()).private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(pem)
        fresh.rename(path)
    return path.read_bytes()


def header(private_pem: bytes) -> str:
    """Give the value of `Secret-Recipient` for a private key.

    Raises:
        ValueError: it is no P-256 key in PEM.
    """
    try:
        key = load_pem_private_key(private_pem, None)
    except Exception as error:  # noqa: BLE001  (it can be wrong in many ways)
        raise ValueError(f"the key cannot be read ({type(error).__name__})") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("the key is not of P-256")  # noqa: TRY004
    return public_text(key.public_key())
