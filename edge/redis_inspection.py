"""What Redis says of itself, for whoever looks whether it fits."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)

from edge.redis_link import ALIVE_KEY, connection_pool
from edge.settings import Settings

SECONDS = 2.0
"""For a command: a person waits, and a server that is far away may still be told apart."""

KEYS_LOOKED_AT = 1000

OWN = b"astropiks:"


class InspectionError(Exception):
    """It cannot be used; the message says in what way, and quotes no address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was seen. None: it does not tell.

    Attributes:
        server: `Redis` or `Valkey`.
        version: as it tells it.
        milliseconds: of the quickest answer.
        takes_writes: whether it took one.
        policy: which keys it drops when it is full (`maxmemory-policy`).
        max_bytes: of memory, at which it is full; 0 if there is no such limit.
        clients: connections that are open.
        max_clients: connections that it allows.
        has_others_keys: whether some keys in this database are not ours.
    """

    server: str
    version: str
    milliseconds: float
    takes_writes: bool
    policy: str | None
    max_bytes: int | None
    clients: int | None
    max_clients: int | None
    has_others_keys: bool


async def inspect(settings: Settings) -> Inspection:
    """Look at the server at `redis_url`, by one connection.

    Raises:
        InspectionError: it is not there, or refuses.
    """
    pool = connection_pool(settings, 1, SECONDS)
    redis: Redis = Redis(connection_pool=pool)
    try:
        return await _inspect(redis)
    except (AuthenticationError, AuthorizationError):
        raise InspectionError("refuses user or password") from None
    except ResponseError as error:
        raise InspectionError(f"refuses a command ({type(error).__name__})") from None
    except (RedisError, OSError) as error:
        raise InspectionError(_cause(error)) from None
    except Exception as error:  # noqa: BLE001  (what a server that lies can make of it)
        raise InspectionError(f"answers as no Redis does ({type(error).__name__})") from None
    finally:
        await pool.disconnect()


def _as_bytes(key: bytes | str) -> bytes:
    """Give a key as it comes here, whatever the library says of its type."""
    return key.encode() if isinstance(key, str) else key


async def _inspect(redis: Redis) -> Inspection:
    await redis.ping()
    milliseconds = min([await _ping(redis) for _ in range(3)])
    told = await _info(redis)
    _, keys = await redis.scan(count=KEYS_LOOKED_AT)
    return Inspection(
        server="Valkey" if "valkey_version" in told else "Redis",
        version=_word(told, "valkey_version") or _word(told, "redis_version") or "of some kind",
        milliseconds=milliseconds,
        takes_writes=await _takes_writes(redis),
        policy=_word(told, "maxmemory_policy"),
        max_bytes=_number(told, "maxmemory"),
        clients=_number(told, "connected_clients"),
        max_clients=_number(told, "maxclients"),
        has_others_keys=any(not _as_bytes(key).startswith(OWN) for key in keys),
    )


async def _ping(redis: Redis) -> float:
    began = time.perf_counter()
    await redis.ping()
    return (time.perf_counter() - began) * 1000


async def _info(redis: Redis) -> Mapping[str, object]:
    """Ask what it tells; some platforms forbid that."""
    try:
        told: Mapping[str, object] = await redis.info()
    except NoPermissionError:
        return {}
    return told


def _word(told: Mapping[str, object], name: str) -> str | None:
    found = told.get(name)
    return found if isinstance(found, str) and re.fullmatch(r"[A-Za-z0-9.-]{1,40}", found) else None


def _number(told: Mapping[str, object], name: str) -> int | None:
    found = told.get(name)
    return found if isinstance(found, int) else None


async def _takes_writes(redis: Redis) -> bool:
    try:
        await redis.set(ALIVE_KEY, b"", ex=60)
    except (OutOfMemoryError, ReadOnlyError):
        return False
    return True


def _cause(error: Exception) -> str:
    """Say what keeps us from it, by the kind of what came first: texts quote the address."""
    kinds = []
    cause: BaseException | None = error
    while cause is not None:
        kinds.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    if any("SSL" in kind or "Certificate" in kind for kind in kinds):
        return "cannot be reached by TLS (rediss://): its certificate is not one to trust"
    if any("Timeout" in kind for kind in kinds):
        return "does not answer in time"
    return f"cannot be reached ({kinds[-1]})"
