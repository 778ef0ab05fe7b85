"""Several sources as one: in order of preference, past those that are set aside."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Generic, TypeVar

from edge import logs, metrics
from proxy import freshness
from proxy.errors import (
    NoRecordError,
    SourceBusyError,
    SourceError,
    SourceInvalidError,
    SourceQuotaError,
    SourceTimeoutError,
    SourceUnavailableError,
    UnusableRecordError,
)
from proxy.records import Record
from proxy.sources import retry
from proxy.sources.breaker import Breaker, Ticket
from proxy.sources.source import Api, Fetched

DEADLINE_SECONDS = 9.5
"""For one thing, whoever gives it: within the 10 s that a whole answer may take."""

FIRST_SHARE_SECONDS = 6.0
"""Of it, for a source behind which another waits."""

MARGIN_SECONDS = 0.1
"""By which a call ends before its source's share does: so that it is the call that was too slow,
in the log too, and not somebody who gave it up."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Link:
    """One source of the chain."""

    name: str
    source: Api
    breaker: Breaker

    def begin_anew(self) -> None:
        """Ask the source again, though it may have been set aside."""
        self.breaker.begin_anew()
        metrics.show_breaker(self.name, is_open=False)


class ChainSource:
    """Asks the first source that can be asked, and the next where it fails or knows less."""

    def __init__(self, links: Sequence[Link], *, clock: freshness.Clock) -> None:
        self._links = links
        self._clock = clock
        for link in links:
            metrics.show_breaker(link.name, is_open=False)

    @property
    def max_days(self) -> int:
        """The longest range that every source gives in one call."""
        return min(link.source.max_days for link in self._links)

    async def fetch(self, day: date | None, *, newest: date) -> Record:
        """Give the record of *day*, or the latest; see `proxy.sources.source.Source`.

        A source whose latest is not the one that is out by now may have been archived: the next
        one is asked as well, and the newer record counts.
        """
        published = freshness.latest_published(self._clock())
        expected = day or published

        async def fetch(link: Link, left: float) -> Record:
            record = await link.source.fetch(day, newest=newest, seconds=left)
            return replace(record, source=link.name)

        asked = await self._ask(fetch, lambda record: record.day >= expected)
        if asked.answers:
            return max(asked.answers, key=lambda record: record.day)
        # That one source has nothing proves little while another, which may know better, fails.
        if asked.nothing and (asked.failure is None or (day and day > published)):
            raise asked.nothing
        raise asked.failure or SourceInvalidError("no source has an answer")

    async def fetch_range(self, start: date, end: date) -> Fetched:
        """Give the records of a range; see `proxy.sources.source.Source`.

        Where one source leaves out days that should have a picture, the next fills them in.
        """
        published = min(end, freshness.latest_published(self._clock()))
        days = {start + timedelta(days=n) for n in range((published - start).days + 1)}
        expected = days - freshness.PERMANENT_GAPS

        async def fetch(link: Link, left: float) -> Fetched:
            fetched = await link.source.fetch_range(start, end, seconds=left)
            records = [replace(record, source=link.name) for record in fetched.records]
            return fetched._replace(records=records)

        asked = await self._ask(
            fetch, lambda fetched: expected <= {record.day for record in fetched.records}
        )
        merged = {
            record.day: record for fetched in reversed(asked.answers) for record in fetched.records
        }
        failure = asked.failure if expected - merged.keys() else None
        return Fetched([merged[day] for day in sorted(merged)], failure)

    async def _ask(
        self, call: Callable[[Link, float], Awaitable[T]], is_enough: Callable[[T], bool]
    ) -> "Asked[T]":
        """Ask one source after the other until an answer is enough."""
        asked: Asked[T] = Asked([])
        loop = asyncio.get_running_loop()
        end = loop.time() + DEADLINE_SECONDS
        for link in self._links:
            ticket = link.breaker.admit()
            if ticket is None:
                asked.failure = asked.failure or _set_aside(link)
                continue
            left = end - loop.time()
            share = left if link is self._links[-1] else min(left, FIRST_SHARE_SECONDS)
            try:
                asked.answers.append(await _call(link, ticket, call, share))
            except NoRecordError as error:
                asked.nothing = error
                continue
            except SourceError as error:
                asked.failure = error
                continue
            if is_enough(asked.answers[-1]):
                break
        return asked


@dataclass(slots=True)
class Asked(Generic[T]):
    """What came of asking."""

    answers: list[T]
    nothing: NoRecordError | None = None
    failure: SourceError | None = None


def _set_aside(link: Link) -> SourceError:
    seconds = link.breaker.retry_after_seconds
    return SourceUnavailableError(f"{link.name} is set aside", retry_after_seconds=seconds)


async def _call(
    link: Link, ticket: Ticket, call: Callable[[Link, float], Awaitable[T]], share: float
) -> T:
    """Ask one source, for *share* seconds at most, and tell its breaker how it went."""
    was_open = link.breaker.is_open
    attempts = 1 if was_open else retry.MAX_ATTEMPTS  # a probe is one call
    loop = asyncio.get_running_loop()
    end = loop.time() + share - MARGIN_SECONDS
    try:
        async with asyncio.timeout(share):
            answer = await retry.attempt(lambda: call(link, end - loop.time()), attempts=attempts)
    except NoRecordError:
        link.breaker.succeeded(ticket)
        raise
    except UnusableRecordError:
        link.breaker.succeeded(ticket)  # browsing odd days must not cut off all the others
        raise
    except (SourceQuotaError, SourceBusyError):
        link.breaker.abandoned(ticket)  # the source is well, and was perhaps not even asked
        raise
    except Exception as cause:  # noqa: BLE001  (upstream trouble is never a 500)
        error = _source_error(cause)
        link.breaker.failed(ticket, error)
        if link.breaker.is_open and not was_open:
            metrics.show_breaker(link.name, is_open=True)
            logs.log("warning", "source_set_aside", source=link.name, reason=str(error))
        raise error from None
    except BaseException:
        link.breaker.abandoned(ticket)
        raise
    link.breaker.succeeded(ticket)
    if was_open and not link.breaker.is_open:
        metrics.show_breaker(link.name, is_open=False)
        logs.log("info", "source_back", source=link.name)
    return answer


def _source_error(cause: Exception) -> SourceError:
    """Make a failure of the source of whatever its reading has raised: never a 500."""
    if isinstance(cause, SourceError):
        return cause
    if isinstance(cause, TimeoutError):
        return SourceTimeoutError("no answer in time")
    return SourceInvalidError(f"the answer cannot be read ({type(cause).__name__})")
