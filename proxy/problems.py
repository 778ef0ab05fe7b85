"""Our failures as answers: one map, in the voice NASA would use."""

from edge.problems import NOT_FOUND, Problem
from proxy.errors import (
    ApodError,
    BadQueryError,
    NoPictureError,
    NoRecordError,
    SourceError,
    SourceQuotaError,
    SourceTimeoutError,
    SourceUnavailableError,
    SourceUnreachableError,
)

RETRY_AFTER_SECONDS = 60
"""What a 503 says when NASA does not: the same as we leave a failed record alone ourselves."""


def problem_of(error: ApodError) -> Problem:
    """Give the answer for *error*. Trouble upstream is a 502, 503 or 504, never a 500."""
    match error:
        case BadQueryError():
            return Problem.of_backend(400, str(error))
        case NoRecordError():
            return Problem.of_backend(404, str(error))
        case NoPictureError():
            return NOT_FOUND
        case SourceTimeoutError():
            return _upstream(504, "UPSTREAM_TIMEOUT", "NASA did not answer in time.")
        case SourceUnavailableError() | SourceUnreachableError() | SourceQuotaError():
            seconds = error.retry_after_seconds or RETRY_AFTER_SECONDS
            message = "NASA's API cannot be used at present."
            return _upstream(503, "UPSTREAM_UNAVAILABLE", message, seconds)
        case SourceError():
            return _upstream(502, "UPSTREAM_INVALID", "NASA gave no usable answer.")
        case _:
            raise error


def _upstream(status: int, code: str, message: str, seconds: int | None = None) -> Problem:
    headers = {} if seconds is None else {"Retry-After": str(seconds)}
    return Problem.of_gateway(status, code, f"{message} Try again later.", headers)
