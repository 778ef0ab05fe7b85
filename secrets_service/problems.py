"""Our failures as answers: for a client, what it may not have looks like what is not there."""

from edge.problems import NOT_FOUND, Problem
from secrets_service.errors import (
    NotForClientError,
    RecipientError,
    SealedOnlyError,
    SecretError,
    TooManyDeliveriesError,
    UndeliverableError,
)
from secrets_service.sealing import WANTED

RETRY_AFTER_SECONDS = 10


def problem_of(error: SecretError) -> Problem:
    """Give the answer for *error*."""
    match error:
        case NotForClientError():
            return NOT_FOUND
        case SealedOnlyError():
            return Problem.of_gateway(403, "SEALED_ONLY", f"This secret is sealed. {WANTED}")
        case RecipientError():
            return Problem.of_gateway(400, "RECIPIENT_INVALID", WANTED)
        case TooManyDeliveriesError(retry_after_seconds=seconds):
            message = "This device has had this secret often enough for now."
            headers = {"Retry-After": str(seconds)}
            return Problem.of_gateway(429, "OVER_RATE_LIMIT", message, headers)
        case UndeliverableError():
            message = "This secret cannot be delivered at present. Try again later."
            headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
            return Problem.of_gateway(503, "SECRET_UNAVAILABLE", message, headers)
        case _:
            raise error
