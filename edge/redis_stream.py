"""An append-only stream in Redis, which is waited for: what it does not take must not happen."""

from redis.asyncio import Redis
from redis.exceptions import RedisError

from edge.link import StreamError
from edge.redis_link import connection_pool
from edge.settings import Settings

TIMEOUT_SECONDS = 1.0

MAX_CONNECTIONS = 2

MAX_ENTRIES = 1_000_000
"""About; the oldest give way."""


class RedisStream:
    """One stream."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._pool = connection_pool(settings, MAX_CONNECTIONS, TIMEOUT_SECONDS)
        self._redis: Redis = Redis(connection_pool=self._pool)
        self._name = name

    async def add(self, fields: dict[str, str]) -> None:
        """Add an entry.

        Raises:
            StreamError: Redis is away, slow or full, or refused it.
        """
        try:
            await self._redis.xadd(
                self._name, dict(fields.items()), maxlen=MAX_ENTRIES, approximate=True
            )
        except (RedisError, OSError) as error:
            raise StreamError(type(error).__name__) from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._pool.disconnect()
