"""Tokens of phones, no two alike."""

import time
from base64 import b64encode
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from astropiks.mint import mint, sign

SECRET = b"the-attestation-secret-of-the-benchmarks-nobody-else-signs-with-"
"""What HAProxy can have in its configuration, too."""

LIFETIME_SECONDS = 3600


class Tokens:
    """Makes tokens, each of a device of its own; none is ever made twice."""

    def __init__(self) -> None:
        self._numbers = count()
        self._expiry = int(time.time()) + LIFETIME_SECONDS

    def new(self) -> str:
        """Make a token."""
        device = b64encode(next(self._numbers).to_bytes(16)).decode()
        return sign({"alg": "HS256", "typ": "JWT"}, {"exp": self._expiry, "did": device}, SECRET)

    def write(self, path: Path, amount: int) -> Path:
        """Put so many of them into a file, one a line."""
        return _write(path, (self.new() for _ in range(amount)))

    def write_forged(self, path: Path, amount: int) -> Path:
        """Put likewise such as are well in all but their signature."""
        return _write(path, (forged(self.new()) for _ in range(amount)))


def development() -> str:
    """Make the token that `astropiks token mint` would print."""
    return mint(SECRET, now=int(time.time()), expires_in=LIFETIME_SECONDS)


def forged(token: str) -> str:
    """Change the signature of a token."""
    signed, _, signature = token.rpartition(".")
    return f"{signed}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def _write(path: Path, tokens: Iterator[str]) -> Path:
    path.write_text("".join(f"{token}\n" for token in tokens), encoding="ascii")
    return path
