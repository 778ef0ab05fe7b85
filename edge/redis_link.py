"""The way to Redis; see `edge.link`.

After an operation that takes longer than its few milliseconds none is tried until Redis answers
again: away, slow, frozen or full, it costs a request next to nothing.

Only the modules `edge/redis_*` import `redis`.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as SlowError

from edge import logs, metrics
from edge.link import OPERATION_SECONDS, Lane, RedisUnusableError, StrangeReplyError, bounds
from edge.settings import Settings

T = TypeVar("T")

FAIR_SECONDS = OPERATION_SECONDS / 2
"""Who had less was given no fair chance: that says nothing of Redis."""

CONNECT_SECONDS = 1.0
"""For new connections, which no request waits for."""

HEARTBEAT_SECONDS = 1.0
RETRY_SECONDS = 0.5
AWAY = "each process goes on by itself, and secrets that are limited or recorded here are refused"
WHAT_TO_DO: dict[metrics.RedisOutcome, str] = {
    "away": f"{AWAY}: look at REDIS_URL, REDIS_TLS_VERIFY and Redis",
    "slow": f"{AWAY}: look at the way to Redis and what else it has to do",
    "refused": "Redis answers and does not do it: look at its memory (maxmemory) and rights",
}

TELL_SECONDS = 60.0

LANE_CONNECTIONS = 3
MAX_CONNECTIONS = 2 * LANE_CONNECTIONS
"""For each process, since the smallest plans of platforms allow twenty in all."""

ALIVE_KEY = "astropiks:1:alive"

LATE_ROUNDS = 10
"""Of the event loop, for an answer that is there and has not been read: then it is us who are slow,
not Redis."""


def connection_pool(
    settings: Settings, size: int, seconds: float | None = None
) -> BlockingConnectionPool:
    """Make a pool of connections that never tries twice by itself.

    Args:
        settings: with `redis_url`.
        size: most connections at once.
        seconds: for a command, where nobody else limits it.
    """
    assert settings.redis_url is not None  # noqa: S101  (callers have looked)
    url = settings.redis_url.get_secret_value()
    options: dict[str, Any] = {}
    if url.startswith("rediss:") and settings.redis_tls_verify == "off":
        options = {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    return BlockingConnectionPool.from_url(
        url,
        max_connections=size,
        timeout=CONNECT_SECONDS,
        socket_timeout=seconds,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        driver_info=None,
        **options,
    )


class RedisLink:
    """Redis, for as long as it can be used."""

    def __init__(self, settings: Settings) -> None:
        """Connect to nothing yet; see `opened`."""
        self.pool = connection_pool(settings, MAX_CONNECTIONS)
        self.is_up = False
        self._redis: Redis = Redis(connection_pool=self.pool)
        self._lanes: dict[Lane, asyncio.Semaphore] = {
            "records": asyncio.Semaphore(LANE_CONNECTIONS),
            "limits": asyncio.Semaphore(LANE_CONNECTIONS),
        }
        self._lost = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self._told_at = -TELL_SECONDS
        self._has_told = False

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[Self]:
        """Connect, and watch the connection; that Redis is away keeps nobody from serving."""
        await self._look()
        watching = asyncio.create_task(self._watch())
        try:
            yield self
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await self.pool.disconnect()

    def when_lost(self, listener: Callable[[], None]) -> None:
        """Call *listener* whenever Redis is lost."""
        self._listeners.append(listener)

    async def call(self, operation: Callable[[Redis], Awaitable[T]], lane: Lane = "records") -> T:
        """Do *operation*, if its turn comes at once and Redis does it at once.

        Args:
            operation: ends with `StrangeReplyError` if the reply is nothing to rely on.
            lane: in which it waits for its turn.

        Raises:
            RedisUnusableError: it does not, or is known not to.
        """
        if not self.is_up:
            raise RedisUnusableError
        own = bounds()
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            turns = self._lanes[lane]
            if not await _turn(turns, min(own.turn_seconds, own.left)):
                metrics.count_redis_failure("crowded")
                raise RedisUnusableError
            waited = 0 if own.left == math.inf else loop.time() - began
            return await self._call(operation, turns, min(OPERATION_SECONDS, own.left) - waited)
        finally:
            own.left -= loop.time() - began

    async def _call(
        self, operation: Callable[[Redis], Awaitable[T]], turns: asyncio.Semaphore, left: float
    ) -> T:
        """Do it in *left* seconds, and give the turn back."""
        try:
            if self.is_up:
                return await _at_once(operation(self._redis), left)
        except ResponseError as error:
            self._refused(error)
        except StrangeReplyError as error:
            self._tell("strange", error)
        except SlowError as error:
            if left >= FAIR_SECONDS:
                self._lose(error)
        except Exception as error:  # noqa: BLE001  (what a server that lies can make of it)
            self._lose(error)
        finally:
            turns.release()
        raise RedisUnusableError

    async def _watch(self) -> None:
        """See whether Redis answers, for ever: after a failure, and now and then without one."""
        while True:
            await self._look()
            seconds = HEARTBEAT_SECONDS if self.is_up else RETRY_SECONDS
            try:
                async with asyncio.timeout(seconds):
                    await self._lost.wait()
            except TimeoutError:
                continue
            self._lost.clear()
            await asyncio.sleep(RETRY_SECONDS)

    async def _look(self) -> None:
        """See whether Redis answers, and that quickly."""
        try:
            if not self.is_up:
                await self.pool.disconnect(inuse_connections=False)
                async with asyncio.timeout(CONNECT_SECONDS):
                    pings = (_ping(self._redis) for _ in range(MAX_CONNECTIONS))
                    await asyncio.gather(*pings)
            async with self._lanes["records"]:
                await _at_once(_write(self._redis), OPERATION_SECONDS)
        except Exception as error:  # noqa: BLE001  (the same)
            self._lose(error)
        else:
            self._find()

    def _lose(self, error: Exception) -> None:
        self._tell("slow" if isinstance(error, SlowError | TimeoutError) else "away", error)
        metrics.show_redis(is_up=False)
        if self.is_up:
            self.is_up = False
            self._lost.set()
            for listener in self._listeners:
                listener()

    def _refused(self, error: ResponseError) -> None:
        """Take note that Redis answers and does not do it: a full one, above all."""
        if isinstance(error, ReadOnlyError):  # a replica since a fail-over: another will take over
            self._lose(error)
        else:
            self._tell("refused", error)

    def _find(self) -> None:
        metrics.show_redis(is_up=True)
        if not self.is_up:
            self.is_up = True
            if self._has_told:
                logs.log("info", "redis_back")
                self._has_told = False

    def _tell(self, outcome: metrics.RedisOutcome, error: Exception) -> None:
        """Count a failure, and tell of it once a minute."""
        metrics.count_redis_failure(outcome)
        now = time.monotonic()
        if now - self._told_at >= TELL_SECONDS:
            self._told_at, self._has_told = now, outcome in {"away", "slow"}
            reason, detail = type(error).__name__, WHAT_TO_DO.get(outcome)
            logs.log("warning", "redis_failed", outcome=outcome, reason=reason, detail=detail)


async def _turn(turns: asyncio.Semaphore, seconds: float) -> bool:
    """Wait so long for a turn: in a crowd it is not Redis that is slow."""
    if not turns.locked():
        await turns.acquire()
        return True
    waiting = asyncio.ensure_future(turns.acquire())
    try:
        return await _at_once(waiting, seconds)
    except SlowError:
        return False
    except asyncio.CancelledError:
        if waiting.done() and not waiting.cancelled():
            turns.release()  # it had just come
        raise


async def _at_once(operation: Awaitable[T], seconds: float) -> T:
    """Wait for *operation* so long; the event loop itself may have been held up meanwhile.

    Raises:
        SlowError: it has not ended.
    """
    task = asyncio.ensure_future(operation)
    try:
        await asyncio.wait({task}, timeout=max(0, seconds))
        for _ in range(LATE_ROUNDS):
            if task.done():
                return task.result()
            await asyncio.sleep(0)
    finally:
        if not task.done():
            task.add_done_callback(_forget)
            task.cancel()
    raise SlowError


def _forget(task: "asyncio.Future[Any]") -> None:
    """Mark what a cancelled operation still fails with as seen."""
    if not task.cancelled():
        task.exception()


async def _ping(redis: Redis) -> None:
    await redis.ping()


async def _write(redis: Redis) -> None:
    """See whether it takes what is written, which one that is full need not."""
    try:
        await redis.set(ALIVE_KEY, b"", ex=60)
    except ReadOnlyError:
        raise
    except ResponseError:
        return
