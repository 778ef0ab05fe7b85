"""What keeps a secret from being delivered.

    SecretError
    ├── NotForClientError       there is none, or not for this client: it is not told which
    ├── SealedOnlyError         the client has to say whom to seal it for
    ├── RecipientError          the client's key cannot be used
    ├── TooManyDeliveriesError  this device has had it often enough for now
    └── UndeliverableError      our own trouble: the source, or the audit trail

    SourceError                 a value cannot be had from where it lies

No message carries a value, or a name that was asked for.
"""

from typing import ClassVar


class SourceError(Exception):
    """A value cannot be had from where it lies; the message quotes nothing of it."""


class SecretError(Exception):
    """A request for a secret that ends without one.

    Attributes:
        reason: stable code for the audit trail.
    """

    reason: ClassVar[str]


class NotForClientError(SecretError):
    """There is no such secret, or this client may not have it."""

    reason = "not_for_client"


class SealedOnlyError(SecretError):
    """It goes out encrypted only, and the client did not send a key."""

    reason = "not_sealed"


class RecipientError(SecretError):
    """What the client sent is no key that can be sealed for."""

    reason = "recipient_refused"


class TooManyDeliveriesError(SecretError):
    """The device has reached the secret's rate.

    Attributes:
        retry_after_seconds: when it may ask again.
    """

    reason = "too_many"

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__("the rate is reached")
        self.retry_after_seconds = retry_after_seconds


class UndeliverableError(SecretError):
    """The value cannot be had, or its delivery could not be put on record."""

    reason = "undeliverable"
