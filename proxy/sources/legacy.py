"""NASA's legacy API: `GET /planetary/apod` behind the api.nasa.gov gateway, which wants a key."""

from collections.abc import Callable
from datetime import date
from typing import Literal, TypeVar

import httpx
from pydantic import SecretStr

from proxy.errors import (
    NoRecordError,
    SourceInvalidError,
)
from proxy.holdings import Fetched
from proxy.records import InvalidRecordError, Record
from proxy.sources.client import Reply, get
from proxy.sources.exchange import json_of, logged_call, require_json

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

    async def fetch_range(self, start: date, end: date) -> Fetched:
        """Give the records of a range; see `proxy.holdings.Source`."""
        params = {"start_date": start.isoformat(), "end_date": end.isoformat()}
        return Fetched(await self._call(params, lambda reply: _records(reply, start, end)))

    async def _call(self, params: dict[str, str], read: Callable[[Reply], T]) -> T:
        """Ask NASA once."""
        with logged_call(SOURCE):
            return read(await get(self._client, self._request(params)))

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
    require_json(reply)
    try:
        return Record.from_json(reply.body, asked=day, newest=newest)
    except InvalidRecordError as error:
        raise SourceInvalidError(str(error)) from None


def _records(reply: Reply, start: date, end: date) -> list[Record]:
    """Make records of NASA's answer, or say which failure it is."""
    require_json(reply)
    try:
        return Record.list_from_json(reply.body, start=start, end=end)
    except InvalidRecordError as error:
        raise SourceInvalidError(str(error)) from None


def _is_backend_error(reply: Reply) -> bool:
    """Tell the backend's "no data for that date" from a gateway's or a host's 404."""
    try:
        body = json_of(reply)
    except SourceInvalidError:
        return False
    return isinstance(body, dict) and body.get("code") == 404 and "service_version" in body
