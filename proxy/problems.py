"""Our failures as answers: one map, in the voice NASA would use."""

from starlette.responses import Response
from starlette.types import Scope

from edge import logs
from edge.problems import NOT_FOUND, Problem
from proxy.errors import (
    ApodError,
    BadQueryError,
    NoPictureError,
    NoRecordError,
    SourceBusyError,
    SourceError,
    SourceQuotaError,
    SourceTimeoutError,
    SourceUnavailableError,
    SourceUnreachableError,
)

RETRY_AFTER_SECONDS = 60
"""What an answer says of NASA's trouble when NASA does not say it."""


def failed(error: ApodError, scope: Scope) -> Response:
    """Answer with *error*, and leave in the request's line what was wrong at NASA's."""
    if isinstance(error, SourceError):
        logs.note(reason=error.outcome, detail=str(error))
    return problem_of(error).response(scope["path"])


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
            return _upstream(error, 504, "UPSTREAM_TIMEOUT", "NASA did not answer in time.")
        case (
            SourceUnavailableError()
            | SourceUnreachableError()
            | SourceQuotaError()
            | SourceBusyError()
        ):
            message = "NASA's API cannot be used at present."
            return _upstream(error, 503, "UPSTREAM_UNAVAILABLE", message)
        case SourceError():
            return _upstream(error, 502, "UPSTREAM_INVALID", "NASA gave no usable answer.")
        case _:
            raise error


def _upstream(error: SourceError, status: int, code: str, message: str) -> Problem:
    seconds = error.retry_after_seconds or RETRY_AFTER_SECONDS
    headers = {"Retry-After": str(seconds)}
    return Problem.of_gateway(status, code, f"{message} Try again later.", headers)
