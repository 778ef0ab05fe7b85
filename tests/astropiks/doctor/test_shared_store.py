"""What the doctor says of Redis, by real ones."""

from pathlib import Path

import pytest

from astropiks.doctor.finding import Finding, Level
from astropiks.doctor.shared_store import PROCESS_CONNECTIONS, shared_store
from edge import redis_stream
from edge.redis_inspection import Inspection, InspectionError
from edge.redis_link import MAX_CONNECTIONS
from edge.settings import Settings
from tests.conftest import make_settings
from tests.edge.test_redis_link import self_signed
from tests.processes import free_port
from tests.redis_server import RedisServer, lying, slowed

PASSWORD = "redis-password-canary"


async def look(url: str, **changes: object) -> dict[str, Finding]:
    """Give what is found besides what is well, by subject; nothing tells the password."""
    found = await shared_store(make_settings(redis_url=url, **changes))
    assert PASSWORD not in repr(found)
    return {finding.subject: finding for finding in found if finding.level is not Level.OK}


async def test_fits(redis: RedisServer) -> None:
    """One of our own is well; it is told by server, version and speed."""
    redis.client.set("astropiks:1:x", b"")
    assert await look(redis.url) == {}
    (told,) = await shared_store(make_settings(redis_url=redis.url))
    version = redis.client.info()["redis_version"]
    assert told.sentence.startswith(f"Redis {version} answers in ")


async def test_away() -> None:
    """One that is away is a failure, and tells what to look at; no password is quoted."""
    told = await look(f"redis://user:{PASSWORD}@127.0.0.1:{free_port()}/3")
    assert told["REDIS_URL"].level is Level.FAILED
    assert "cannot be reached (ConnectionRefusedError)" in told["REDIS_URL"].sentence
    assert "database" in told["REDIS_URL"].advice


@pytest.mark.parametrize(
    ("address", "words"),
    [("wrong:{}@127.0.0.1:{}", "refuses user or password"), (":{}@127.0.0.1:{}/99", "refuses")],
)
async def test_refused(redis: RedisServer, address: str, words: str) -> None:
    """A wrong password and a database that there is not are refusals."""
    if "wrong" not in address:
        redis.client.config_set("requirepass", PASSWORD)
    told = await look("redis://" + address.format(PASSWORD, redis.port))
    assert words in told["REDIS_URL"].sentence


@pytest.mark.parametrize(
    ("verify", "words"), [("on", "certificate is not one to trust"), ("off", "whoever stands")]
)
async def test_certificate(tmp_path: Path, verify: str, words: str) -> None:
    """A self-signed certificate is named as what it is, and so is it to accept it."""
    cert, key = self_signed(tmp_path)
    tls = [
        *("--tls-port", str(port := free_port()), "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(cert), "--tls-key-file", str(key)),
    ]
    with RedisServer(tmp_path, tls):
        told = await look(f"rediss://127.0.0.1:{port}", redis_tls_verify=verify)
    assert words in " ".join(finding.sentence for finding in told.values())


async def test_strange() -> None:
    """What is no Redis at all is a failure, in words."""
    with lying(b"+nonsense\r\n") as url:
        told = await look(url)
    assert told["REDIS_URL"].level is Level.FAILED
    assert "answers as no Redis does" in told["REDIS_URL"].sentence


async def test_forbidden(redis: RedisServer) -> None:
    """One that does not tell of itself, as some platforms have it, is no failure for that."""
    redis.client.acl_setuser("default", enabled=True, commands=["-info"], nopass=True)
    assert await look(redis.url) == {}


async def test_slow(redis: RedisServer) -> None:
    """One that answers late, as from another continent, is warned of."""
    with slowed(redis.port, 0.03) as port:
        told = await look(f"redis://127.0.0.1:{port}")
    assert "operations have 30 ms" in told["REDIS_URL"].sentence


async def test_frozen(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that does not answer is given up."""
    monkeypatch.setattr("edge.redis_inspection.SECONDS", 0.1)
    redis.freeze()
    told = await look(redis.url)
    redis.thaw()
    assert "does not answer in time" in told["REDIS_URL"].sentence


async def test_full(redis: RedisServer) -> None:
    """One that takes no writes fails, and one that is small is warned of."""
    redis.client.config_set("maxmemory", "1")
    found = await shared_store(make_settings(redis_url=redis.url))
    told = [(finding.level, finding.sentence.partition(":")[0]) for finding in found]
    assert (Level.FAILED, "It takes no writes") in told
    assert (Level.WARNING, "It is full at 0 MB") in told


async def test_shared_database(redis: RedisServer) -> None:
    """A database with keys of others is warned of; another one of the same server is not."""
    redis.client.set("session:1", b"")
    assert "keys of others" in (await look(redis.url))["REDIS_URL"].sentence
    assert await look(f"{redis.url}/1") == {}


@pytest.mark.parametrize(
    ("policy", "signing", "level"),
    [
        ("allkeys-lru", "off", None),
        ("allkeys-lru", "required", Level.WARNING),
        ("noeviction", "required", None),
    ],
)
async def test_policy(redis: RedisServer, policy: str, signing: str, level: Level | None) -> None:
    """What drops keys when it is full must not hold the signatures that have been seen."""
    redis.client.config_set("maxmemory", "100mb")
    redis.client.config_set("maxmemory-policy", policy)
    more = {"public_base_url": "https://x.test", "approov_message_signing": signing}
    told = await look(redis.url, **more)
    assert (told["maxmemory-policy"].level if told else None) == level


async def test_connections(redis: RedisServer) -> None:
    """Workers that want more connections than Redis has left are too many."""
    redis.client.config_set("maxclients", "20")
    assert await look(redis.url) == {}
    told = await look(redis.url, web_concurrency=3)
    assert "up to 27 connections, and Redis has 18 of 20 left" in told["WEB_CONCURRENCY"].sentence


def test_process_connections() -> None:
    """What one process is said to take is what its parts take, with one for notices."""
    assert PROCESS_CONNECTIONS == MAX_CONNECTIONS + redis_stream.MAX_CONNECTIONS + 1


@pytest.mark.parametrize(
    ("host", "is_warned"),
    [
        ("redis.example.com", True),
        ("34.201.5.6", True),
        ("[2a05:d018::1]", True),
        ("[::ffff:34.201.5.6]", True),
        ("localhost", False),
        ("redis", False),
        ("x.railway.internal", False),
        ("10.1.2.3", False),
        ("100.64.0.7", False),
        ("127.0.0.1", False),
        ("[::1]", False),
        ("[fd12:3456::1]", False),
    ],
)
async def test_plain(host: str, is_warned: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    """An address without TLS is warned of where the host is one of the internet."""

    async def inspect(_: Settings) -> Inspection:
        raise InspectionError("cannot be reached")

    monkeypatch.setattr("astropiks.doctor.shared_store.inspect", inspect)
    for scheme, is_plain in (("redis", True), ("rediss", False)):
        found = await shared_store(make_settings(redis_url=f"{scheme}://:pw@{host}:6379"))
        told = any("not encrypted" in finding.sentence for finding in found)
        assert told == (is_warned and is_plain)


async def test_idle_setting(redis: RedisServer) -> None:
    """REDIS_TLS_VERIFY does nothing without TLS."""
    told = await look(redis.url, redis_tls_verify="off")
    assert "does nothing" in told["REDIS_TLS_VERIFY"].sentence
