"""The pipeline: from a query to the bytes that answer it."""

import asyncio
import random
from dataclasses import dataclass
from datetime import date
from typing import Self

from proxy import extras, freshness, sample
from proxy.content import Content
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
    """A body and how it was come by. Times are Unix seconds.

    Attributes:
        content: NASA's v1 bytes.
        etag: strong entity tag of the plain ones.
        cache: see `proxy.holdings.Found`.
        fetched_at: when NASA gave the oldest part of it.
        completed_at: when NASA gave the newest.
        fresh_until: until when all of it is fresh.
        refresh_at: when NASA is to be asked again for a part of it.
        days: the days that it is about; None stands for the latest.
        is_random: whether the next answer to the same query is another one.
    """

    content: Content
    etag: str
    cache: CacheResult
    fetched_at: float
    completed_at: float
    fresh_until: float
    refresh_at: float
    days: tuple[date | None, ...]
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

    def linking(self, links: PictureLinks) -> Self:
        """Give one that answers from the same holdings, with *links* to pictures."""
        return type(self)(
            self._holdings,
            clock=self._clock,
            chance=self._chance,
            links=links,
            latest_for_unpublished=self._latest_for_unpublished,
        )

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
        held = found.held
        if held.record is None:
            raise NoRecordError(held.day)
        body = extras.body_of(held.record, query, self._links)
        return Answer(
            content=Content(body),
            etag=held.record.etag if body is held.record.body else etag_of(body),
            cache=found.how,
            fetched_at=held.fetched_at,
            completed_at=held.fetched_at,
            fresh_until=held.fresh_until,
            refresh_at=held.refresh_at,
            days=(None if isinstance(query.wanted, Latest) else held.day,),
        )

    def _many(self, found: list[Found], query: ApodQuery) -> Answer:
        """Answer with a list: NASA leaves out days without a record."""
        records = [one.held.record for one in found if one.held.record]
        content = Content.of_list([extras.body_of(one, query, self._links) for one in records])
        now = self._clock()
        # Nobody has given the permanent gaps, and they never change.
        given = [one.held for one in found if one.held.day not in freshness.PERMANENT_GAPS]
        return Answer(
            content=content,
            etag=etag_of(content.plain),
            cache=min((one.how for one in found), key=WORST_FIRST.index, default="hit"),
            fetched_at=min((held.fetched_at for held in given), default=now),
            completed_at=max((held.fetched_at for held in given), default=now),
            fresh_until=min((held.fresh_until for held in given), default=now),
            refresh_at=min((held.refresh_at for held in given), default=now),
            days=tuple(one.held.day for one in found),
            is_random=isinstance(query.wanted, Sample),
        )
