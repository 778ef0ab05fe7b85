"""The proxy as routes and resources, for the composition root to serve."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date

from starlette.routing import Route

from edge import logs
from edge.link import Link as SharedLink
from edge.settings import Settings
from proxy import apod, freshness, images, passthrough
from proxy.apod import ApodState
from proxy.errors import SourceError
from proxy.holdings import Holdings
from proxy.images import PicturesState
from proxy.nasa_key import key_of, quota_of
from proxy.passthrough import Passthrough, PassthroughState
from proxy.paths import BASES
from proxy.picture_links import PictureLinks
from proxy.quota_board import RedisBoard
from proxy.ready import ReadyAnswers
from proxy.renewal import Shared
from proxy.service import ApodService
from proxy.sources.breaker import Breaker
from proxy.sources.chain import ChainSource, Link
from proxy.sources.client import Client, Transport, open_client
from proxy.sources.exchange import Upstream
from proxy.sources.key import NasaKey
from proxy.sources.legacy import LegacySource
from proxy.sources.other_apis import OtherApis
from proxy.sources.pictures import PictureSource
from proxy.sources.quota import Board, NoBoard, Quota
from proxy.sources.science import ScienceSource
from proxy.sources.source import Api
from proxy.store import RedisStore
from proxy.turns import SharedTurns

MEGABYTE = 1_000_000

MAX_STREAMS = 100
"""Pictures under way at once, and as many answers of other APIs: a phone may take minutes for one,
so each kind has connections of its own and keeps no record waiting."""


CHANNEL = "astropiks:1:landed"
"""Where processes tell each other that a flight has ended."""


class ProxyState(ApodState, PicturesState, PassthroughState):
    """What the lifespan gives each request; pictures and other APIs only if they are served."""


PATHS = tuple(f"{base}{apod.PATH}" for base in BASES)
"""Where ready answers are found."""


def routes(settings: Settings) -> list[Route]:
    """Give every path the proxy answers."""
    pictures = images.routes(settings.image_hosts) if settings.image_proxy == "on" else []
    others = passthrough.routes(settings.nasa_passthrough, BASES)
    return [*apod.routes(BASES), *pictures, *others]


def picture_source(settings: Settings, client: Client) -> PictureSource:
    """Make the way to pictures that *settings* describe."""
    return PictureSource(
        client,
        hosts=settings.image_hosts,
        max_bytes=settings.image_max_megabytes * MEGABYTE,
        base_url=settings.nasa_image_base_url,
    )


@asynccontextmanager
async def resources(
    settings: Settings,
    clock: freshness.Clock,
    transport: Transport | None = None,
    link: SharedLink | None = None,
    ready: ReadyAnswers | None = None,
    key: NasaKey | None = None,
) -> AsyncIterator[ProxyState]:
    """Open what the routes need, and close it.

    Args:
        settings: with `nasa_api_key` set, if anything is asked that wants it.
        clock: the present.
        transport: stands in for the network in tests.
        link: opened way to Redis, if there is one.
        ready: where answers are kept for who can send them at once.
        key: which NASA is asked with, if others have to do with it, too.
    """
    ready = ready or ReadyAnswers(clock)
    key = key or key_of(settings)
    async with AsyncExitStack() as stack:
        board = await stack.enter_async_context(open_board(link, clock))
        quota = quota_of(key, clock, board)
        opened = open_holdings(settings, clock, quota, key, transport, link, ready.changed)
        holdings = await stack.enter_async_context(opened)
        state: ProxyState = {
            "apod": _service(settings, holdings, clock),
            "ready": ready,
            "clock": clock,
            "max_days": settings.apod_max_range_days,
            # In Kiritimati it is tomorrow for ten hours of UTC's today.
            "days_ahead": 1 if settings.apod_unpublished == "latest" else 0,
        }
        if settings.image_proxy == "on":
            client = await stack.enter_async_context(open_client(transport, MAX_STREAMS))
            state["pictures"] = picture_source(settings, client)
        if settings.nasa_passthrough:
            apis = OtherApis(
                await stack.enter_async_context(open_client(transport, MAX_STREAMS)),
                base_url=settings.nasa_api_base_url,
                key=_required(key),
                quota=quota,
            )
            state["passthrough"] = Passthrough(apis, clock=clock)
        warming = asyncio.create_task(_warm(holdings, settings.apod_warm_days))
        try:
            yield state
        finally:
            warming.cancel()
            await asyncio.gather(warming, return_exceptions=True)


@asynccontextmanager
async def open_holdings(
    settings: Settings,
    clock: freshness.Clock,
    quota: Quota,
    key: NasaKey | None,
    transport: Transport | None = None,
    link: SharedLink | None = None,
    changed: Callable[[date | None], None] = lambda _: None,
) -> AsyncIterator[Holdings]:
    """Open the records: a cache, what other processes have, and NASA's APIs in their order."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(open_client(transport))
        shared = Shared()
        if link is not None:
            from edge.redis_flight import SharedFlight  # noqa: PLC0415  (see `astropiks.apps`)
            from edge.redis_notices import open_notices  # noqa: PLC0415

            notices = await stack.enter_async_context(open_notices(settings, link, CHANNEL))
            flight = SharedFlight(link, notices)
            stack.push_async_callback(flight.aclose)
            shared = Shared(RedisStore(link, clock), SharedTurns(flight))
        board = await stack.enter_async_context(open_board(link, clock))
        science = Quota("science.nasa.gov", clock, board)
        upstreams = {
            "legacy": Upstream("legacy", client, quota),
            "science": Upstream("science", client, science),
        }
        links = [
            Link(name, _source(settings, upstreams[name], key), Breaker(clock))
            for name in settings.apod_sources
        ]
        for one in links:
            if key is not None and one.name == "legacy":
                key.follow(one.begin_anew)
        holdings = Holdings(
            ChainSource(links, clock=clock),
            clock=clock,
            stale_seconds=settings.apod_stale_days * freshness.DAY,
            shared=shared,
            changed=changed,
        )
        stack.push_async_callback(holdings.aclose)
        yield holdings


async def _warm(holdings: Holdings, days: int) -> None:
    """Fetch the last days, and say what came of it: nobody waits for it."""
    if not days:
        return
    try:
        await holdings.warm(days)
    except SourceError as error:
        logs.log("warning", "warming_failed", reason=error.outcome, detail=str(error))
    else:
        logs.log("info", "warmed")


def _service(settings: Settings, holdings: Holdings, clock: freshness.Clock) -> ApodService:
    links = None
    if settings.image_proxy == "on" and settings.public_base_url:
        links = PictureLinks(settings.public_base_url, settings.image_hosts)
    return ApodService(
        holdings,
        clock=clock,
        links=links,
        latest_for_unpublished=settings.apod_unpublished == "latest",
    )


def _source(settings: Settings, upstream: Upstream, key: NasaKey | None) -> Api:
    if upstream.name == "science":
        return ScienceSource(upstream, base_url=settings.nasa_science_base_url)
    return LegacySource(upstream, base_url=settings.nasa_api_base_url, key=_required(key))


@asynccontextmanager
async def open_board(link: SharedLink | None, clock: freshness.Clock) -> AsyncIterator[Board]:
    """Open the place where processes see how things stand with NASA's quota."""
    if link is None:
        yield NoBoard()
        return
    board = RedisBoard(link, clock)
    try:
        yield board
    finally:
        await board.aclose()


def _required(key: NasaKey | None) -> NasaKey:
    assert key is not None  # noqa: S101  (settings require it where it is used)
    return key
