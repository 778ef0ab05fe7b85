"""The pipeline: from a query to the bytes that answer it."""

import asyncio
import random
from dataclasses import dataclass
from datetime import date

from proxy import extras, freshness, sample
from proxy.errors import NoRecordError, SourceTimeoutError
from proxy.holdings import CacheResult, Found, Holdings
from proxy.picture_links import PictureLinks
from proxy.query import ApodQuery, Day, Latest, Sample, Span
from proxy.records import etag_of

WORST_FIRST: tuple[CacheResult, ...] = (
    "miss", "collapsed", "refreshed", "stale-if-error", "stale-while-revalidate", "hit"
)  # fmt: skip
"""What a list of records is called by: the way in which the least ready of them was come by."""


DEADLINE_SECONDS = 10.0
"""For a whole answer. What is under way goes on, so that the next attempt finds more of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A body and how it was come by.

    Attributes:
        body: NASA's v1 bytes.
        etag: strong entity tag of *body*.
        cache: see `proxy.holdings.Found`.
        age: seconds since NASA gave the oldest part of it.
        lifetime: seconds from then on for which all of it is fresh.
        is_random: whether the next answer to the same query is another one.
    """

    body: bytes
    etag: str
    cache: CacheResult
    age: int
    lifetime: int
    is_random: bool = False


class ApodService:
    """Answers queries."""

    def __init__(
        self,
        holdings: Holdings,
        *,
        clock: freshness.Clock,
        chance: random.Random | None = None,
        links: PictureLinks | None = None,
        latest_for_unpublished: bool = False,
    ) -> None:
        self._holdings = holdings
        self._latest_for_unpublished = latest_for_unpublished
        self._clock = clock
        self._links = links
        self._chance = chance or random.Random()  # noqa: S311  (pictures, not secrets)

    async def answer(self, query: ApodQuery) -> Answer:
        """Give what *query* asks for.

        Raises:
            NoRecordError: NASA has none.
            SourceError: NASA failed, and nothing is held that could be served instead.
        """
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await self._answer(query)
        except TimeoutError:
            raise SourceTimeoutError("NASA did not give all of it in time") from None

    async def _answer(self, query: ApodQuery) -> Answer:
        match query.wanted:
            case Latest():
                return self._one(await self._holdings.get(None), query)
            case Day(day):
                return self._one(await self._day(day), query)
            case Span() as span:
                return self._many(await self._holdings.get_days(span.days()), query)
            case Sample(count):
                today = freshness.today(self._clock())
                drawn = sample.draw(self._holdings, count, today=today, chance=self._chance)
                return self._many(await drawn, query)

    async def _day(self, day: date) -> Found:
        """Give one day's picture, or by setting the latest for a day whose picture is not out."""
        today = freshness.today(self._clock())
        if not self._latest_for_unpublished or day < today:
            return await self._holdings.get(day)
        if day == today:
            found = await self._holdings.get(day)
            if found.held.record is not None:
                return found
        return await self._holdings.get(None)

    def _one(self, found: Found, query: ApodQuery) -> Answer:
        """Answer with one record, whose tag is known unless something is added to it."""
        if found.held.record is None:
            raise NoRecordError(found.held.day)
        body = extras.body_of(found.held.record, query, self._links)
        plain = body is found.held.record.body
        etag = found.held.record.etag if plain else etag_of(body)
        age = self._age(found)
        lifetime = found.held.lifetime
        return Answer(body=body, etag=etag, cache=found.how, age=age, lifetime=lifetime)

    def _many(self, found: list[Found], query: ApodQuery) -> Answer:
        """Answer with a list: NASA leaves out days without a record."""
        bodies = [
            extras.body_of(one.held.record, query, self._links).rstrip(b"\n")
            for one in found
            if one.held.record
        ]
        body = b"[" + b",".join(bodies) + b"]\n"
        now = self._clock()
        age = max(map(self._age, found), default=0)
        left = min((int(one.held.fresh_until - now) for one in found), default=0)
        return Answer(
            body=body,
            etag=etag_of(body),
            cache=min((one.how for one in found), key=WORST_FIRST.index, default="hit"),
            age=age,
            lifetime=age + max(0, left),
            is_random=isinstance(query.wanted, Sample),
        )

    def _age(self, found: Found) -> int:
        return max(0, int(self._clock() - found.held.fetched_at))
