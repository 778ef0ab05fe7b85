"""Notices between processes, by a channel of Redis: nobody has to ask again and again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from edge.link import Link, RedisUnusableError
from edge.redis_link import CONNECT_SECONDS, connection_pool
from edge.settings import Settings

RETRY_SECONDS = 1.0
PING_SECONDS = 1.0
SILENCE_SECONDS = 3.0

MAX_BYTES = 1000

Notice = asyncio.Future[str | None]
"""What has been said of a subject; None, if nothing more will be heard for now."""


class Notices:
    """Publishes and hears what is said of subjects.

    Attributes:
        is_on: whether notices are heard.
    """

    def __init__(self, link: Link, redis: Redis, channel: str) -> None:
        """Use *channel*; `open_notices` does it."""
        self._link = link
        self._redis = redis
        self._channel = channel
        self._waiting: dict[str, set[Notice]] = {}
        self.is_on = asyncio.Event()
        link.when_lost(self._give_up)

    @contextmanager
    def listening(self, subject: str) -> Iterator[Notice]:
        """Hear the next notice of *subject* from now on."""
        notice: Notice = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(subject, set())
        waiting.add(notice)
        try:
            yield notice
        finally:
            waiting.discard(notice)
            if not waiting:
                self._waiting.pop(subject, None)

    async def publish(self, subject: str, text: str) -> None:
        """Tell every process; if that cannot be done, their waiting ends by itself."""
        message = f"{subject} {text}"
        with suppress(RedisUnusableError):
            await self._link.call(lambda redis: redis.publish(self._channel, message))

    async def hear(self) -> None:
        """Hear notices, for ever."""
        while True:
            async with self._redis.pubsub() as pubsub:
                with suppress(Exception):
                    await pubsub.subscribe(self._channel)
                    await self._hear_all(pubsub)
            self.is_on.clear()
            self._give_up()
            await asyncio.sleep(RETRY_SECONDS)

    async def _hear_all(self, pubsub: PubSub) -> None:
        """Hear notices for as long as Redis can be heard: it answers a ping a second."""
        loop = asyncio.get_running_loop()
        heard_at = asked_at = loop.time()
        while loop.time() < heard_at + SILENCE_SECONDS:
            if loop.time() >= asked_at + PING_SECONDS:
                asked_at = loop.time()
                await pubsub.ping()
            message = await pubsub.get_message(timeout=PING_SECONDS)
            if message is None:
                continue
            heard_at = loop.time()
            self.is_on.set()
            data = message["data"]
            if message["type"] == "message" and len(data) <= MAX_BYTES:
                subject, _, text = data.decode("utf-8", "replace").partition(" ")
                self._tell(self._waiting.get(subject, set()), text)

    def _give_up(self) -> None:
        for waiting in self._waiting.values():
            self._tell(waiting, None)

    def _tell(self, waiting: set[Notice], text: str | None) -> None:
        for notice in waiting:
            if not notice.done():
                notice.set_result(text)


@asynccontextmanager
async def open_notices(settings: Settings, link: Link, channel: str) -> AsyncIterator[Notices]:
    """Hear what is said in *channel*, on a connection of its own."""
    pool = connection_pool(settings, 1)
    notices = Notices(link, Redis(connection_pool=pool), channel)
    hearing = asyncio.create_task(notices.hear())
    if link.is_up:
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS):
                await notices.is_on.wait()
    try:
        yield notices
    finally:
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        await pool.disconnect()
