"""An append-only stream in Redis. The only module that imports `redis`."""

from redis.asyncio import Redis
from redis.exceptions import RedisError

TIMEOUT_SECONDS = 1.0

MAX_ENTRIES = 1_000_000
"""About; the oldest give way."""


class StreamError(Exception):
    """Redis did not take an entry. Quotes neither it nor the address, which may hold a password."""


class RedisStream:
    """One stream."""

    def __init__(self, url: str, name: str) -> None:
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        )
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
        await self._redis.aclose()
