"""What every exchange with NASA has in common: its line in the log, and the reading of statuses."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from edge import logs
from proxy.errors import (
    NoRecordError,
    SourceError,
    SourceInvalidError,
    SourceRefusedError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from proxy.records import InvalidRecordError, parse_json
from proxy.sources.client import Reply


@contextmanager
def logged_call(source: str) -> Iterator[None]:
    """Leave one line about a call of *source* in the log, whatever comes of it."""
    began = time.perf_counter()
    level: logs.LogLevel = "error"
    outcome, reason = "defect", None
    try:
        yield
        level, outcome = "info", "record"
    except NoRecordError:
        level, outcome = "info", "no_record"
        raise
    except asyncio.CancelledError:
        level, outcome = "info", "cancelled"
        raise
    except SourceError as error:
        level, outcome, reason = "warning", error.outcome, str(error)
        raise
    finally:
        ms = round((time.perf_counter() - began) * 1000, 1)
        logs.log(level, "nasa_call", source=source, outcome=outcome, reason=reason, duration_ms=ms)


def require_json(reply: Reply) -> None:
    """Demand a 200 that is declared as JSON.

    Raises:
        SourceError: by the leaf that fits the status.
    """
    if reply.status in {429, 503}:
        detail = "the quota of the key is used up" if reply.status == 429 else "NASA answered 503"
        raise SourceUnavailableError(detail, retry_after_seconds=_retry_after(reply))
    if reply.status == 403:
        raise SourceRefusedError("NASA does not accept NASA_API_KEY")
    if reply.status == 504:
        raise SourceTimeoutError("NASA answered 504")
    if reply.status != 200:
        raise SourceInvalidError(f"NASA answered {reply.status}")
    media_type = reply.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise SourceInvalidError("the body is not declared as JSON")


def json_of(reply: Reply) -> object:
    """Read the body.

    Raises:
        SourceInvalidError: it is no JSON.
    """
    try:
        return parse_json(reply.body)
    except InvalidRecordError as error:
        raise SourceInvalidError(str(error)) from None


def _retry_after(reply: Reply) -> int | None:
    text = reply.headers.get("Retry-After", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
