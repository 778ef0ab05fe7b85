"""Fetch the last days' records as a service does at its start, and show how far that has come.

With Redis they are kept there, for every process that serves, and what it then has is counted.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import date, timedelta

from astropiks.apps import link_to_redis
from astropiks.progress import progress
from astropiks.signals import cut_short_by
from edge.settings import Settings
from proxy import freshness
from proxy.app import open_board, open_holdings
from proxy.errors import SourceError
from proxy.holdings import Holdings
from proxy.nasa_key import key_of, quota_of
from proxy.store import RedisStore, Store

AGAIN = "run this again for the rest."

NOT_KEPT = "had come, and nothing is kept: without REDIS_URL it is only a trial."

ATTEMPTS, PAUSE_SECONDS = 3, 1.0
"""To count what Redis holds: one answer that comes too late does not tell that it holds nothing."""


class WarmingError(Exception):
    """Not all is where it should be; the message says how much is, and what to do."""


class StoppedError(Exception):
    """A signal ended it; the message says what is kept.

    Attributes:
        status: with which the process shall end.
    """

    def __init__(self, message: str, signal_number: int) -> None:
        super().__init__(message)
        self.status = 128 + signal_number


def run(settings: Settings, days: int) -> str:
    """Fetch the records of the last *days* days and give a sentence about what there is.

    Raises:
        WarmingError: NASA failed, or Redis did not keep what came.
        StoppedError: SIGINT or SIGTERM came first.
    """
    return asyncio.run(_run(settings, days))


async def _run(settings: Settings, count: int) -> str:
    clock = time.time
    today = freshness.today(clock())
    days = [today - timedelta(days=n) for n in range(count)]
    async with AsyncExitStack() as stack:
        link = link_to_redis(settings)
        if link is not None:
            await stack.enter_async_context(link.opened())
            if not link.is_up:
                raise WarmingError("Redis cannot be used: look at REDIS_URL, and at Redis.")
        board = await stack.enter_async_context(open_board(link, clock))
        key = key_of(settings)
        opened = open_holdings(settings, clock, quota_of(key, clock, board), key, link=link)
        holdings = await stack.enter_async_context(opened)
        failure: SourceError | None = None
        stopped: list[int] = []
        with cut_short_by(stopped), progress(count, "days") as advance:
            try:
                await holdings.warm(count, advance)
            except SourceError as error:
                failure = error
        came = [day for day in days if _has_record(holdings, day)]
        kept = came if link is None else await _kept(RedisStore(link, clock), came)
    if stopped:
        where = f"are in Redis, and are not fetched again: {AGAIN}" if link else NOT_KEPT
        raise StoppedError(f"Stopped: pictures for {len(kept)} of {count} days {where}", stopped[0])
    return _said(count, came=len(came), kept=len(kept), failure=failure, has_redis=link is not None)


def _said(count: int, *, came: int, kept: int, failure: SourceError | None, has_redis: bool) -> str:
    problems = []
    if failure:
        problems.append(
            f"NASA failed ({failure}) when {came} days were there. Run this again; `astropiks "
            "doctor --live` tells what is wrong."
        )
    if kept < came:
        problems.append(
            f"Redis holds {kept} of the {came} pictures that came. See whether it is full "
            "(maxmemory; 25 MB hold all), up and near, and run this again: what it holds is not "
            "fetched again."
        )
    if problems:
        raise WarmingError(" ".join(problems))
    if not has_redis:
        return (
            f"NASA has pictures for {came} of the last {count} days. Nothing of it is kept: set "
            "REDIS_URL for that."
        )
    return f"Redis has pictures for {kept} of the last {count} days."


def _has_record(holdings: Holdings, day: date) -> bool:
    found = holdings.peek(day)
    return found is not None and found.held.record is not None


async def _kept(store: Store, days: Sequence[date]) -> set[date]:
    """Give those of *days* whose records lie in *store*."""
    kept: set[date] = set()
    for attempt in range(ATTEMPTS):
        if len(kept) == len(days):
            break
        if attempt:
            await asyncio.sleep(PAUSE_SECONDS)
        found = await store.find([day for day in days if day not in kept])
        kept |= {day for day, given in found.items() if day and given.record}
    return kept
