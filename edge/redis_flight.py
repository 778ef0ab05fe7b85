"""Single flight over all processes: of many that want one thing, one does the work.

Whoever gets the lease works and renews it; the others wait for a notice, and for the end of a lease
that nobody renews any more: its holder has died, and one of them takes over. Where Redis cannot be
used each process works by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from redis.asyncio import Redis
from redis.asyncio.lock import Lock
from redis.exceptions import LockError

from edge.flight import FailedElsewhereError
from edge.link import Link, RedisUnusableError, in_background
from edge.redis_notices import Notices

T = TypeVar("T")

LEASE_SECONDS = 3.0
RENEWAL_SECONDS = 1.0
LATE_SECONDS = 0.02

DEAF_SECONDS = 0.2
"""How long to wait for somebody else's work while no notices are heard."""

ENDLESS = -1
"""What Redis says of a key that does not leave by itself."""

KEY = "astropiks:1:lease:"

DONE, GONE, FAILED = "done", "gone", "failed "
"""What is told when a flight ends: there is something; nobody works on it; why there is nothing."""


class SharedFlight:
    """Lets one process work at a time, for each subject."""

    def __init__(self, link: Link, notices: Notices) -> None:
        self._link = link
        self._notices = notices
        self._landing: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """Give every lease back, and tell those who wait."""
        await asyncio.gather(*self._landing, return_exceptions=True)

    async def once(
        self,
        subject: str,
        work: Callable[[], Awaitable[T]],
        *,
        keep: Callable[[T], Awaitable[str | None]],
        tell: Callable[[Exception], str],
    ) -> T | None:
        """Do *work* unless another process is at it; then wait until it no longer is.

        Args:
            subject: names the work, in one word.
            work: what is to be done once.
            keep: puts the result where the other processes look, and says what of it has failed,
                if anything; nobody waits for that here.
            tell: says in a few words, for the other processes, why the work has failed; nothing,
                if they had better try it themselves.

        Returns:
            What *work* gives, or None: then look where the other process puts it, or try again.

        Raises:
            FailedElsewhereError: the other process failed.
            Exception: what *work* raises.
        """
        with self._notices.listening(subject) as notice:  # first, so that none can slip by
            lease = _Lease(self._link, KEY + subject)
            if await lease.acquire():
                return await self._work(subject, lease, work, keep, tell)
            seconds = await lease.seconds_left()
            if not self._notices.is_on.is_set():
                seconds = min(seconds, DEAF_SECONDS)
            text: str | None = None
            with suppress(TimeoutError):
                text = await asyncio.wait_for(notice, seconds)
        if text is not None and text.startswith(FAILED):
            raise FailedElsewhereError(text.removeprefix(FAILED))
        return None

    async def _work(
        self,
        subject: str,
        lease: "_Lease",
        work: Callable[[], Awaitable[T]],
        keep: Callable[[T], Awaitable[str | None]],
        tell: Callable[[Exception], str],
    ) -> T:
        renewing = asyncio.create_task(lease.renew())
        ending: Callable[[], Awaitable[str]] = _gone
        try:
            result = await work()
            ending = partial(_kept, keep, result)
        except Exception as error:
            ending = partial(_failed, tell(error))
            raise
        finally:
            landing = asyncio.create_task(self._land(subject, lease, renewing, ending))
            self._landing.add(landing)
            landing.add_done_callback(self._landing.discard)
        return result

    async def _land(
        self,
        subject: str,
        lease: "_Lease",
        renewing: "asyncio.Task[None]",
        ending: Callable[[], Awaitable[str]],
    ) -> None:
        """See the result kept, then let go, then say so."""
        with in_background():
            text = await ending()
            renewing.cancel()
            await lease.release()
            await self._notices.publish(subject, text)


async def _gone() -> str:
    return GONE


async def _failed(said: str) -> str:
    return FAILED + said if said else GONE


async def _kept(keep: Callable[[T], Awaitable[str | None]], result: T) -> str:
    said = await keep(result)
    return DONE if said is None else await _failed(said)


class _Lease:
    """The right to work on something, for so long as it is renewed."""

    def __init__(self, link: Link, key: str) -> None:
        self._link = link
        self._key = key
        self._lock: Lock | None = None

    async def acquire(self) -> bool:
        """Get it, unless another process has it; without Redis there is no other."""

        async def acquire(redis: Redis) -> bool:
            lock = redis.lock(self._key, LEASE_SECONDS, blocking=False, thread_local=False)
            is_ours: bool = await lock.acquire()
            self._lock = lock if is_ours else None
            return is_ours

        try:
            return await self._link.call(acquire)
        except RedisUnusableError:
            return True

    async def seconds_left(self) -> float:
        """Say when whoever has it will have lost it, unless it is renewed."""

        async def left(redis: Redis) -> int:
            milliseconds: int = await redis.pttl(self._key)
            if milliseconds == ENDLESS or milliseconds > LEASE_SECONDS * 1000:
                await redis.delete(self._key)  # none of ours: nobody would ever give it back
                return 0
            return milliseconds

        try:
            return max(0, await self._link.call(left)) / 1000 + LATE_SECONDS
        except RedisUnusableError:
            return LATE_SECONDS

    async def renew(self) -> None:
        """Keep it, until cancelled; that is not at the cost of the request that wants it."""
        with in_background():
            while True:
                await asyncio.sleep(RENEWAL_SECONDS)
                await self._do(lambda lock: lock.reacquire())

    async def release(self) -> None:
        """Give it back, if it still is ours."""
        await self._do(lambda lock: lock.release())

    async def _do(self, action: Callable[[Lock], Awaitable[object]]) -> None:
        lock = self._lock
        if lock is None:
            return

        async def act(_: Redis) -> None:
            with suppress(LockError):  # it has run out, and another process may have it
                await action(lock)

        with suppress(RedisUnusableError):
            await self._link.call(act)
