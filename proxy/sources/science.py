"""NASA's new API, `apod-basic` of science.nasa.gov, read as v1 records. It wants no key."""

from datetime import date

from proxy.errors import NoRecordError, SourceInvalidError, UnusableRecordError
from proxy.records import FIRST_DAY, InvalidRecordError, Record
from proxy.sources.client import RECORD_SECONDS, Reply
from proxy.sources.exchange import Upstream, json_of, require_json
from proxy.sources.posts import v1_members
from proxy.sources.source import Fetched

MAX_PAGE_BYTES = 8 * 1024 * 1024
"""25 records with their articles as HTML, of tens of kB each, several times over."""

PAGE = 25
"""Records in one page; more are not given, whatever is asked."""


class ScienceSource:
    """Records from the new API."""

    def __init__(self, upstream: Upstream, *, base_url: str) -> None:
        self._upstream = upstream
        self._url = f"{base_url}/wp-json/wp/v2/apod-basic"

    @property
    def max_days(self) -> int:
        """One page, so that one call gives all of a range."""
        return PAGE

    async def fetch(self, day: date | None, *, newest: date, seconds: float) -> Record:
        """Give the record of *day*, or the latest; see `proxy.sources.source.Api`."""
        if day is None:
            return await self._upstream.ask(
                self._url,
                lambda reply: _latest(reply, newest),
                params={"per_page": "1"},
                max_bytes=MAX_PAGE_BYTES,
                seconds=min(seconds, RECORD_SECONDS),
                is_latest=True,
            )
        return await self._upstream.ask(
            f"{self._url}/{day:%y%m%d}",
            lambda reply: _record(reply, day),
            params={},
            max_bytes=MAX_PAGE_BYTES,
            seconds=min(seconds, RECORD_SECONDS),
        )

    async def fetch_range(self, start: date, end: date, *, seconds: float) -> Fetched:
        """Give the records of a range; see `proxy.sources.source.Api`."""
        records = await self._upstream.ask(
            self._url,
            lambda reply: _range(reply, start, end),
            params={
                "date_from": f"{start:%y%m%d}",
                "date_to": f"{end:%y%m%d}",
                "per_page": str(PAGE),
            },
            max_bytes=MAX_PAGE_BYTES,
            seconds=seconds,
        )
        return Fetched(records)


def _latest(reply: Reply, newest: date) -> Record:
    records = _records(reply)
    if len(records) != 1 or not FIRST_DAY <= records[0].day <= newest:
        raise SourceInvalidError("the latest record is not one, or of the future")
    return records[0]


def _range(reply: Reply, start: date, end: date) -> list[Record]:
    records = _records(reply)
    days = {record.day for record in records}
    if len(days) != len(records) or any(not start <= day <= end for day in days):
        # Parameters that it does not know are ignored: then this is just the latest page.
        raise SourceInvalidError("a record is about another day, or a day has two")
    return sorted(records, key=lambda record: record.day)


def _record(reply: Reply, day: date) -> Record:
    if reply.status == 404 and _code(reply) == "apod_basic_not_found":
        raise NoRecordError(day)
    require_json(reply, has_key=False)
    record = _valid(json_of(reply))
    if record.day != day:
        raise SourceInvalidError("the record is about another day")
    return record


def _records(reply: Reply) -> list[Record]:
    require_json(reply, has_key=False)
    posts = json_of(reply)
    if not isinstance(posts, list):
        raise SourceInvalidError("the body is no list of records")
    records: list[Record] = []
    failure: SourceInvalidError | None = None
    for post in posts:
        try:
            records.append(_valid(post))
        except SourceInvalidError as error:
            failure = error  # an old post without a picture must not cost its neighbours
    if failure and not records:
        raise failure
    return records


def _code(reply: Reply) -> object:
    """Give the code of a WordPress error."""
    try:
        parsed = json_of(reply)
    except SourceInvalidError:
        return None
    return parsed.get("code") if isinstance(parsed, dict) else None


def _valid(post: object) -> Record:
    try:
        return Record.from_members(v1_members(post))
    except InvalidRecordError as error:
        raise UnusableRecordError(str(error)) from None
    except Exception as error:  # noqa: BLE001  (parsers of HTML fail in many ways)
        raise UnusableRecordError(f"the post cannot be read ({type(error).__name__})") from None
