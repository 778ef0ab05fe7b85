"""NASA's legacy API: `GET /planetary/apod` behind the api.nasa.gov gateway, which wants a key."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import date
from typing import Literal, TypeVar

import httpx
from pydantic import SecretStr

from edge import logs
from proxy.errors import (
    NoRecordError,
    SourceError,
    SourceInvalidError,
    SourceRefusedError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from proxy.records import InvalidRecordError, Record
from proxy.sources.client import Reply, get

SOURCE = "legacy"

KeyPlace = Literal["header", "query"]

T = TypeVar("T")


class LegacySource:
    """Records from the v1 API."""

    def __init__(
        self, client: httpx.AsyncClient, *, base_url: str, key: SecretStr, key_in: KeyPlace
    ) -> None:
        self._client = client
        self._url = f"{base_url}/planetary/apod"
        self._key = key
        self._key_in = key_in

    @property
    def max_days(self) -> int:
        """A month: NASA scrapes page by page, and a year takes longer than its gateway waits."""
        return 31

    async def fetch(self, day: date | None, *, newest: date) -> Record:
        """Give the record of *day*, or the latest; see `proxy.holdings.Source`."""
        params = {} if day is None else {"date": day.isoformat()}
        return await self._call(params, lambda reply: _record(reply, day, newest))

    async def fetch_range(self, start: date, end: date) -> list[Record]:
        """Give the records of a range; see `proxy.holdings.Source`."""
        params = {"start_date": start.isoformat(), "end_date": end.isoformat()}
        return await self._call(params, lambda reply: _records(reply, start, end))

    async def _call(self, params: dict[str, str], read: Callable[[Reply], T]) -> T:
        """Ask NASA once, and leave one line about it in the log."""
        began = time.perf_counter()
        level: logs.LogLevel = "error"
        outcome, reason = "defect", None
        try:
            result = read(await get(self._client, self._request(params)))
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
            duration_ms = round((time.perf_counter() - began) * 1000, 1)
            logs.log(
                level,
                "nasa_call",
                source=SOURCE,
                outcome=outcome,
                reason=reason,
                duration_ms=duration_ms,
            )
        return result

    def _request(self, params: dict[str, str]) -> httpx.Request:
        """Build the request from parsed values alone: nothing of the client's is in it."""
        params, headers = dict(params), {}
        if self._key_in == "header":
            headers["X-Api-Key"] = self._key.get_secret_value()
        else:
            params["api_key"] = self._key.get_secret_value()
        return self._client.build_request("GET", self._url, params=params, headers=headers)


def _record(reply: Reply, day: date | None, newest: date) -> Record:
    """Make a record of NASA's answer, or say which failure it is."""
    if reply.status == 404 and day is not None and _is_backend_error(reply):
        raise NoRecordError(day)
    _require_json(reply)
    try:
        return Record.from_json(reply.body, asked=day, newest=newest)
    except InvalidRecordError as error:
        raise SourceInvalidError(str(error)) from None


def _records(reply: Reply, start: date, end: date) -> list[Record]:
    """Make records of NASA's answer, or say which failure it is."""
    _require_json(reply)
    try:
        return Record.list_from_json(reply.body, start=start, end=end)
    except InvalidRecordError as error:
        raise SourceInvalidError(str(error)) from None


def _require_json(reply: Reply) -> None:
    """Demand a 200 with JSON."""
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


def _is_backend_error(reply: Reply) -> bool:
    """Tell the backend's "no data for that date" from a gateway's or a host's 404."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        return False
    return isinstance(body, dict) and body.get("code") == 404 and "service_version" in body


def _retry_after(reply: Reply) -> int | None:
    text = reply.headers.get("Retry-After", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else None
