"""An append-only stream in Redis, which is waited for: what it does not take must not happen."""

import re

from redis.asyncio import Redis

from edge.link import StreamError
from edge.redis_link import connection_pool
from edge.settings import Settings

TIMEOUT_SECONDS = 1.0

MAX_CONNECTIONS = 2

MAX_ENTRIES = 1_000_000
"""About; the oldest give way."""

ENTRY_ID = re.compile(rb"\d+-\d+")


class RedisStream:
    """One stream."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._pool = connection_pool(settings, MAX_CONNECTIONS, TIMEOUT_SECONDS)
        self._redis: Redis = Redis(connection_pool=self._pool)
        self._name = name

    async def add(self, fields: dict[str, str]) -> None:
        """Add an entry.

        Raises:
            StreamError: Redis is away, slow or full, refused it, or does not say that it has it.
        """
        try:
            added: object = await self._redis.xadd(
                self._name, dict(fields.items()), maxlen=MAX_ENTRIES, approximate=True
            )
        except Exception as error:  # noqa: BLE001  (what a server that lies can make of it)
            raise StreamError(type(error).__name__) from None
        if not isinstance(added, bytes) or not ENTRY_ID.fullmatch(added):
            raise StreamError("a strange reply")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()
