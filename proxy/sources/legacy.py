"""NASA's legacy API: `GET /planetary/apod` behind the api.nasa.gov gateway, which wants a key."""

from datetime import date

from proxy.errors import NoRecordError, SourceInvalidError
from proxy.records import InvalidRecordError, Record
from proxy.sources.client import RECORD_SECONDS, Reply
from proxy.sources.exchange import Upstream, json_of, require_json
from proxy.sources.key import NasaKey
from proxy.sources.source import Fetched


class LegacySource:
    """Records from the v1 API."""

    def __init__(self, upstream: Upstream, *, base_url: str, key: NasaKey) -> None:
        self._upstream = upstream
        self._url = f"{base_url}/planetary/apod"
        self._key = key

    @property
    def max_days(self) -> int:
        """A month: NASA scrapes page by page, and a year takes longer than its gateway waits."""
        return 31

    async def fetch(self, day: date | None, *, newest: date, seconds: float) -> Record:
        """Give the record of *day*, or the latest; see `proxy.sources.source.Api`."""
        asked = {} if day is None else {"date": day.isoformat()}
        return await self._upstream.ask(
            self._url,
            lambda reply: _record(self._checked(reply), day, newest),
            params=self._key.parameters(asked),
            headers=self._key.headers(),
            seconds=min(seconds, RECORD_SECONDS),
            is_latest=day is None,
        )

    async def fetch_range(self, start: date, end: date, *, seconds: float) -> Fetched:
        """Give the records of a range; see `proxy.sources.source.Api`."""
        asked = {"start_date": start.isoformat(), "end_date": end.isoformat()}
        records = await self._upstream.ask(
            self._url,
            lambda reply: _records(self._checked(reply), start, end),
            params=self._key.parameters(asked),
            headers=self._key.headers(),
            seconds=seconds,
        )
        return Fetched(records)

    def _checked(self, reply: Reply) -> Reply:
        """Refuse an answer that repeats the key: it would be kept, and told to everybody."""
        if any(spelling in reply.body for spelling in self._key.spellings()):
            raise SourceInvalidError("the answer repeats the key")
        return reply


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
