"""Several sources as one: in order of preference, past those that are set aside."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar

from edge import logs
from proxy import freshness
from proxy.errors import (
    NoRecordError,
    SourceError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from proxy.holdings import Source
from proxy.records import Record
from proxy.sources.breaker import Breaker

DEADLINE_SECONDS = 10.0
"""For a whole answer, whoever gives it."""

FIRST_SHARE_SECONDS = 6.0
"""Of it, for a source behind which another waits."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Link:
    """One source of the chain."""

    name: str
    source: Source
    breaker: Breaker


class ChainSource:
    """Asks the first source that can be asked, and the next where it fails or knows less."""

    def __init__(self, links: Sequence[Link], *, clock: freshness.Clock) -> None:
        self._links = links
        self._clock = clock

    @property
    def max_days(self) -> int:
        """The longest range that every source gives in one call."""
        return min(link.source.max_days for link in self._links)

    async def fetch(self, day: date | None, *, newest: date) -> Record:
        """Give the record of *day*, or the latest; see `proxy.holdings.Source`.

        A source whose latest is not the one that is out by now may have been archived: the next
        one is asked as well, and the newer record counts.
        """
        expected = day or freshness.latest_published(self._clock())
        records = await self._ask(
            lambda source: source.fetch(day, newest=newest), lambda record: record.day >= expected
        )
        return max(records, key=lambda record: record.day)

    async def fetch_range(self, start: date, end: date) -> list[Record]:
        """Give the records of a range; see `proxy.holdings.Source`.

        Where one source leaves out days that should have a picture, the next fills them in.
        """
        published = min(end, freshness.latest_published(self._clock()))
        days = {start + timedelta(days=n) for n in range((published - start).days + 1)}
        expected = days - freshness.PERMANENT_GAPS
        lists = await self._ask(
            lambda source: source.fetch_range(start, end),
            lambda records: expected <= {record.day for record in records},
        )
        merged = {record.day: record for records in reversed(lists) for record in records}
        return [merged[day] for day in sorted(merged)]

    async def _ask(
        self, call: Callable[[Source], Awaitable[T]], is_enough: Callable[[T], bool]
    ) -> list[T]:
        """Ask one source after the other until an answer is enough, and give all answers."""
        answers: list[T] = []
        nothing: NoRecordError | None = None
        failure: SourceError | None = None
        loop = asyncio.get_running_loop()
        end = loop.time() + DEADLINE_SECONDS
        for link in self._links:
            if not link.breaker.admits():
                continue
            left = end - loop.time()
            share = left if link is self._links[-1] else min(left, FIRST_SHARE_SECONDS)
            try:
                answers.append(await _call(link, call, share))
            except NoRecordError as error:
                nothing = error
                continue
            except SourceError as error:
                failure = error
                continue
            if is_enough(answers[-1]):
                break
        if not answers:
            raise nothing or failure or self._all_set_aside()
        return answers

    def _all_set_aside(self) -> SourceError:
        seconds = min(link.breaker.retry_after_seconds for link in self._links)
        return SourceUnavailableError("every source is set aside", retry_after_seconds=seconds)


async def _call(link: Link, call: Callable[[Source], Awaitable[T]], share: float) -> T:
    """Ask one source, for *share* seconds at most, and tell its breaker how it went."""
    was_open = link.breaker.is_open
    try:
        async with asyncio.timeout(share):
            answer = await call(link.source)
    except NoRecordError:
        link.breaker.succeeded()
        raise
    except (SourceError, TimeoutError) as cause:
        error = cause if isinstance(cause, SourceError) else SourceTimeoutError("no answer in time")
        link.breaker.failed(error)
        if link.breaker.is_open and not was_open:
            logs.log("warning", "source_set_aside", source=link.name, reason=str(error))
        raise error from None
    except BaseException:
        link.breaker.abandoned()
        raise
    link.breaker.succeeded()
    if was_open:
        logs.log("info", "source_back", source=link.name)
    return answer
