"""The ways in which Redis fails, each with its end."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from proxy.store import PREFIX as RECORDS
from tests.redis_server import RedisServer, lying

SLOW_SECONDS = 0.05
"""For each answer: more than an operation may take, and less than the audit trail waits."""

LEASES, QUOTA, STREAM = "astropiks:1:lease:", "astropiks:1:quota:", "astropiks:audit"

Broken = Callable[["Way"], AbstractContextManager[None]]


class Way:
    """A Redis, and how long its answers are on their way.

    Attributes:
        redis: the server.
        seconds: that each answer takes more.
    """

    def __init__(self, redis: RedisServer) -> None:
        self.redis = redis
        self.seconds = 0.0


@contextmanager
def away(way: Way) -> Iterator[None]:
    """Its process is killed, and started again."""
    way.redis.stop()
    yield
    way.redis.start()


@contextmanager
def frozen(way: Way) -> Iterator[None]:
    """Its process stands still: connections are there, and nothing answers."""
    way.redis.freeze()
    yield
    way.redis.thaw()


@contextmanager
def slow(way: Way) -> Iterator[None]:
    """Each answer takes long."""
    way.seconds = SLOW_SECONDS
    yield
    way.seconds = 0


@contextmanager
def full(way: Way) -> Iterator[None]:
    """It takes nothing more."""
    with configured(way, maxmemory="1"):
        yield


@contextmanager
def read_only(way: Way) -> Iterator[None]:
    """It has become a replica of another one, which is away."""
    way.redis.client.replicaof("127.0.0.1", "1")
    yield
    way.redis.client.replicaof("NO", "ONE")


@contextmanager
def locked(way: Way) -> Iterator[None]:
    """It wants a password that nobody has."""
    client = way.redis.client
    client.config_set("requirepass", "another")
    cut_off(way)
    yield
    client.auth("another")
    client.config_set("requirepass", "")


@contextmanager
def crowded(way: Way) -> Iterator[None]:
    """It takes no more connections, and has let go of those that there were."""
    with configured(way, maxclients="1"):
        cut_off(way)
        yield


@contextmanager
def strange(way: Way) -> Iterator[None]:
    """Something else answers at its address, always with OK."""
    way.redis.stop()
    with lying(b"+OK\r\n", way.redis.port):
        yield
    way.redis.start()


@contextmanager
def emptied(way: Way) -> Iterator[None]:
    """It has forgotten everything."""
    way.redis.client.flushall()
    yield


@contextmanager
def poisoned(way: Way) -> Iterator[None]:
    """Somebody has written over everything but the audit trail, and leased it all for good."""
    client = way.redis.client
    keys: Any = client.keys("*")
    for key in keys:
        if key != STREAM.encode():
            client.delete(key)
            client.set(key, b"\xffjunk")
    for n in range(1, 31):
        head = json.dumps({"day": f"2026-11-{n:02}", "fetched_at": 1795430000})
        client.set(f"{RECORDS}2026-11-{n:02}", f"{head}\n{{}}")
    client.set(f"{LEASES}apod:latest", "nobody")
    for account in ("api.nasa.gov", "science.nasa.gov"):
        client.set(f"{QUOTA}{account}:reading", json.dumps({"limit": 1, "remaining": -1, "at": 1}))
        client.set(f"{QUOTA}{account}:stop", json.dumps({"since": "0", "until": 9e99}))
    yield


@contextmanager
def no_trail(way: Way) -> Iterator[None]:
    """The audit trail is no stream any more."""
    way.redis.client.delete(STREAM)
    way.redis.client.set(STREAM, "x")
    yield
    way.redis.client.delete(STREAM)


@contextmanager
def configured(way: Way, **options: str) -> Iterator[None]:
    """Configure it otherwise for a while."""
    before: Any = way.redis.client.config_get(*options)
    for name, value in options.items():
        way.redis.client.config_set(name, value)
    yield
    for name in options:
        way.redis.client.config_set(name, before[name])


def cut_off(way: Way) -> None:
    """Let Redis close every connection but ours."""
    for kind in ("normal", "pubsub"):
        way.redis.client.client_kill_filter(_type=kind, skipme=True)


FAULTS: Mapping[str, Broken] = {
    "away": away,
    "frozen": frozen,
    "slow": slow,
    "full": full,
    "read-only": read_only,
    "locked": locked,
    "crowded": crowded,
    "strange": strange,
    "emptied": emptied,
    "poisoned": poisoned,
    "no-trail": no_trail,
}
