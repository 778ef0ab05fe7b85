"""What every exchange with NASA has in common: log line, count, and the reading of statuses."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import httpx

from edge import logs, metrics, tracing
from proxy.errors import (
    NothingThereError,
    SourceError,
    SourceFailedError,
    SourceInvalidError,
    SourceQuotaError,
    SourceRefusedError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from proxy.records import InvalidRecordError, parse_json
from proxy.sources.client import MAX_BODY_BYTES, Reply, get
from proxy.sources.headers import media_type, retry_after
from proxy.sources.quota import Quota

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Upstream:
    """One of NASA's APIs, as far as a call of it is concerned.

    Attributes:
        name: for log and metrics.
        client: the way out.
        quota: what it grants.
    """

    name: str
    client: httpx.AsyncClient
    quota: Quota

    async def ask(
        self,
        url: str,
        read: Callable[[Reply], T],
        *,
        params: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BODY_BYTES,
        seconds: float,
        is_latest: bool = False,
    ) -> T:
        """Ask once, with nothing of the client's in the request but parsed values, and *read*.

        Raises:
            SourceError: there was no answer, or none that *read* could use.
        """
        await self.quota.learn()
        admitted = self.quota.admit(is_latest=is_latest)
        request = self.client.build_request("GET", url, params=params, headers=headers)
        with observed_call(self.name):
            reply = await get(self.client, request, max_bytes=max_bytes, seconds=seconds)
            self.quota.note(reply.status, reply.headers, admitted)
            return read(reply)


@contextmanager
def observed_call(source: str) -> Iterator[None]:
    """Leave one line about a call of *source* in the log, and count it, whatever comes of it."""
    began = time.perf_counter()
    level: logs.LogLevel = "error"
    outcome, reason = "defect", None
    with tracing.call_of_nasa(source) as tell:
        try:
            yield
            level, outcome = "info", "answered"
        except NothingThereError:
            level, outcome = "info", "nothing"
            raise
        except asyncio.CancelledError:
            level, outcome = "info", "cancelled"
            raise
        except SourceError as error:
            level, outcome, reason = "warning", error.outcome, str(error)
            raise
        finally:
            seconds = time.perf_counter() - began
            metrics.count_nasa_call(source, outcome, seconds)
            tell(outcome)
            ms = round(seconds * 1000, 1)
            told = {"source": source, "outcome": outcome, "reason": reason, "duration_ms": ms}
            logs.log(level, "nasa_call", **told)


def require_json(reply: Reply, *, has_key: bool = True) -> None:
    """Demand a 200 that is declared as JSON.

    Raises:
        SourceError: by the leaf that fits the status.
    """
    require_success(reply.status, reply.headers, has_key=has_key)
    if media_type(reply.headers) != "application/json":
        raise SourceInvalidError("the body is not declared as JSON")


def require_success(status: int, headers: Mapping[str, str], *, has_key: bool = True) -> None:
    """Demand a 200; *has_key* tells whether a refusal may be about the key.

    Raises:
        SourceError: by the leaf that fits the status.
    """
    match status:
        case 200:
            return
        case 429:
            detail = "the quota of the key is used up" if has_key else "NASA answered 429"
            raise SourceQuotaError(detail, retry_after_seconds=retry_after(headers))
        case 503:
            detail = "NASA answered 503"
            raise SourceUnavailableError(detail, retry_after_seconds=retry_after(headers))
        case 403 if has_key:
            raise SourceRefusedError("NASA does not accept NASA_API_KEY")
        case 502:
            raise SourceFailedError("NASA answered 502")
        case 504:
            raise SourceTimeoutError("NASA answered 504")
        case _:
            raise SourceInvalidError(f"NASA answered {status}")


def json_of(reply: Reply) -> object:
    """Read the body.

    Raises:
        SourceInvalidError: it is no JSON.
    """
    try:
        return parse_json(reply.body)
    except InvalidRecordError as error:
        raise SourceInvalidError(str(error)) from None
