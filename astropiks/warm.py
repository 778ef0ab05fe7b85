"""Fetch the last days' records as a service does at its start, and show how far that has come.

With Redis they are kept there, for every process that serves.
"""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import date, timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge.redis_link import RedisLink
from edge.settings import Settings
from proxy import freshness
from proxy.app import open_board, open_holdings
from proxy.errors import SourceError
from proxy.holdings import Holdings
from proxy.sources.quota import Quota


class WarmingError(Exception):
    """NASA failed before all was there; the message says after how much."""


def run(settings: Settings, days: int) -> str:
    """Fetch the records of the last *days* days and give a sentence about what there is.

    Raises:
        WarmingError: NASA failed.
    """
    return asyncio.run(_run(settings, days))


async def _run(settings: Settings, count: int) -> str:
    clock = time.time
    today = freshness.today(clock())
    async with AsyncExitStack() as stack:
        link: RedisLink | None = None
        if settings.redis_url is not None:
            link = await stack.enter_async_context(RedisLink(settings).opened())
            if not link.is_up:
                raise WarmingError("Redis cannot be used: look at REDIS_URL, and at Redis.")
        board = await stack.enter_async_context(open_board(link, clock))
        quota = Quota("api.nasa.gov", clock, board)
        opened = open_holdings(settings, clock, quota, link=link)
        holdings = await stack.enter_async_context(opened)
        with _bar() as bar:
            task = bar.add_task("days", total=count)
            try:
                await holdings.warm(count, lambda days: bar.advance(task, days))
            except SourceError as error:
                have = _records(holdings, today, count)
                raise WarmingError(f"NASA failed ({error}) when {have} days were there.") from None
        have = _records(holdings, today, count)
        where = "Redis has" if link and link.is_up else "NASA has"
    return f"{where} pictures for {have} of the last {count} days."


def _records(holdings: Holdings, today: date, count: int) -> int:
    found = (holdings.peek(today - timedelta(days=n)) for n in range(count))
    return sum(one is not None and one.held.record is not None for one in found)


def _bar() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))
