"""The keys in force: read from time to time, the last good ones kept when that fails."""

import logging
from typing import Protocol

from attestation.claims import Clock
from attestation.keys import InvalidKeyError, KeyRing, decode_secrets

RETRY_SECONDS = 5
"""Between two attempts, so that requests do not all wait for a service that is away."""

LOGGER = logging.getLogger("attestation")


class SecretReadError(Exception):
    """A secret cannot be read now. The message quotes nothing of it."""


class NoKeysError(Exception):
    """There has been no usable secret yet, so nothing can be verified."""


class Secret(Protocol):
    """Where the secret is."""

    def read(self) -> str:
        """Give base64 secrets, comma-separated, newest first.

        Raises:
            SecretReadError: not now.
        """


class RememberedKeys:
    """What a secret has said, for so many seconds."""

    def __init__(self, secret: Secret, *, clock: Clock, seconds: float) -> None:
        self._secret = secret
        self._clock = clock
        self._seconds = seconds
        self._ring: KeyRing | None = None
        self._read_at = 0.0
        self._due_at = 0.0

    def current(self) -> KeyRing:
        """Give the keys; the same object, as long as they are the same.

        Raises:
            NoKeysError: there are none, and never were.
        """
        now = self._clock()
        # By a clock that was set back they would be remembered for too long.
        if not self._read_at <= now < self._due_at:
            self._renew(now)
        if self._ring is None:
            raise NoKeysError("the attestation secret cannot be used; the log says why")
        return self._ring

    def _renew(self, now: float) -> None:
        self._read_at = now
        try:
            ring = _usable(self._secret.read())
        except (SecretReadError, InvalidKeyError) as error:
            self._due_at = now + RETRY_SECONDS
            outcome = "secret_missing" if self._ring is None else "secret_kept"
            # Neither kind of error quotes the secret.
            LOGGER.error("%s: %s", outcome, error)  # noqa: TRY400  (a traceback says no more)
            return
        self._due_at = now + self._seconds
        if ring != self._ring:
            self._ring = ring


def _usable(text: str) -> KeyRing:
    ring = KeyRing(decode_secrets(text))
    if ring.has_published:
        raise InvalidKeyError("is printed in Approov's samples: everybody can sign with it")
    return ring
