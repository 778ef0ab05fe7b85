import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from edge import redis_link
from edge.link import OPERATION_SECONDS, RedisUnusableError, budget
from edge.redis_link import RedisLink
from tests.conftest import make_settings
from tests.processes import free_port
from tests.redis_server import RedisServer, slowed


@asynccontextmanager
async def linked(url: str) -> AsyncIterator[RedisLink]:
    """Open the way to Redis at *url*."""
    async with RedisLink(make_settings(redis_url=url)).opened() as link:
        yield link


async def ping(link: RedisLink) -> bool:
    """Ask whether Redis does something at once."""
    try:
        await link.call(lambda redis: redis.set("key", b"value"))
    except RedisUnusableError:
        return False
    return True


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110  (what is waited for is in another program)
            await asyncio.sleep(0.01)


async def test_up(redis: RedisServer) -> None:
    """What Redis answers at once comes back."""
    async with linked(redis.url) as link:
        assert link.is_up
        await link.call(lambda redis: redis.mset({"a": b"1", "b": b"2"}))
        assert await link.call(lambda redis: redis.mget(["a", "b", "c"])) == [b"1", b"2", None]


@pytest.mark.parametrize("moments", range(6))
async def test_turn_of_one_who_left(moments: int) -> None:
    """A turn that comes just when its caller is cancelled is not lost."""
    turns = asyncio.Semaphore(1)
    await turns.acquire()
    waiting = asyncio.create_task(redis_link._turn(turns, 1))  # noqa: SLF001
    await asyncio.sleep(0.001)
    turns.release()
    for _ in range(moments):
        await asyncio.sleep(0)
    waiting.cancel()
    (has_come,) = await asyncio.gather(waiting, return_exceptions=True)
    assert turns.locked() == (has_come is True)


async def test_away_at_start() -> None:
    """Without Redis it is refused at once, and the address is quoted nowhere."""
    with capture_logs() as lines:
        async with linked(f"redis://user:marker@127.0.0.1:{free_port()}") as link:
            assert not await ping(link)
    assert [line["event"] for line in lines] == ["redis_failed"]
    assert "marker" not in str(lines)


@pytest.mark.parametrize("trouble", ["stopped", "frozen"])
async def test_gone(redis: RedisServer, trouble: str) -> None:
    """Redis that goes away costs one short wait, then nothing; it is used again when it is back."""
    loop = asyncio.get_running_loop()
    with capture_logs() as lines:
        async with linked(redis.url) as link:
            assert await ping(link)
            redis.stop() if trouble == "stopped" else redis.freeze()
            began = loop.time()
            assert not await ping(link)
            first = loop.time() - began
            assert [await ping(link) for _ in range(1000)] == [False] * 1000
            redis.start() if trouble == "stopped" else redis.thaw()
            await until(lambda: link.is_up)
            assert await ping(link)
    assert first < 0.09
    assert [line["event"] for line in lines] == ["redis_failed", "redis_back"]


async def test_slow(redis: RedisServer) -> None:
    """Redis that takes its time for everything is not waited for time and again."""
    with slowed(redis.port, 0.2) as port:
        async with linked(f"redis://127.0.0.1:{port}") as link:
            loop = asyncio.get_running_loop()
            began = loop.time()
            assert [await ping(link) for _ in range(100)] == [False] * 100
            assert loop.time() - began < 0.5


async def test_full(redis: RedisServer) -> None:
    """A full Redis refuses to write; it can still be read, and is not given up."""
    with capture_logs() as lines:
        async with linked(redis.url) as link:
            assert await ping(link)
            redis.client.config_set("maxmemory", "1")
            assert [await ping(link) for _ in range(10)] == [False] * 10
            assert await link.call(lambda redis: redis.get("key")) == b"value"
            redis.client.config_set("maxmemory", "0")
            assert await ping(link)
    assert [(line["event"], line["outcome"]) for line in lines] == [("redis_failed", "refused")]
    assert "maxmemory" in lines[0]["detail"]


async def test_told_once_a_minute(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trouble that goes on is told once a minute, and counted every time."""
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    redis.client.config_set("maxmemory", "1")
    with capture_logs() as lines:
        async with linked(redis.url) as link:
            for _ in range(3):
                assert not await ping(link)
            now += redis_link.TELL_SECONDS
            assert not await ping(link)
    assert len(lines) == 2


async def test_busy_loop(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """That we are slow ourselves is not taken for a slow Redis."""
    monkeypatch.setattr(redis_link, "OPERATION_SECONDS", 0.1)
    async with linked(redis.url) as link:

        async def hold_up() -> None:
            for _ in range(5):
                end = asyncio.get_running_loop().time() + 2 * OPERATION_SECONDS
                while asyncio.get_running_loop().time() < end:
                    pass
                await asyncio.sleep(0)

        results = await asyncio.gather(hold_up(), *(ping(link) for _ in range(2)))
        assert results[1:] == [True] * 2
        assert link.is_up


async def test_crowd(redis: RedisServer) -> None:
    """Who would have to wait long for a turn goes without; that says nothing of Redis."""
    async with linked(redis.url) as link:
        results = await asyncio.gather(*(ping(link) for _ in range(5000)))
        assert {True, False} >= set(results)
        assert link.is_up


async def test_lanes(redis: RedisServer) -> None:
    """A crowd in one lane keeps nobody waiting in the other."""
    async with linked(redis.url) as link:
        slow = [link.call(lambda redis: redis.blpop("nothing", 0.02), "limits") for _ in range(9)]
        crowd = [asyncio.create_task(one) for one in slow]
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert await ping(link)
        assert loop.time() - began < 0.015
        await asyncio.gather(*crowd, return_exceptions=True)


async def test_budget(redis: RedisServer) -> None:
    """All operations of one task together take no longer than its budget."""
    with slowed(redis.port, 0.012) as port:
        async with linked(f"redis://127.0.0.1:{port}") as link:
            loop = asyncio.get_running_loop()
            began = loop.time()
            with budget(0.05):
                results = [await ping(link) for _ in range(20)]
            assert loop.time() - began < 0.08
            assert results[:2] == [True, True]
            assert not results[-1]
            assert link.is_up


async def test_cancelled(redis: RedisServer) -> None:
    """Callers who go away leave nothing behind that spoils it for the others."""
    async with linked(redis.url) as link:
        for _ in range(50):
            tasks = [asyncio.create_task(ping(link)) for _ in range(10)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert results[1::2] == [True] * 5
        assert link.is_up


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 100, b"$-9\r\n"], ids=range(3)
)
async def test_another_protocol(answer: bytes) -> None:
    """A server that is no Redis is as good as none."""

    async def lie(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    server = await asyncio.start_server(lie, "127.0.0.1", 0)
    async with server, linked(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}") as link:
        assert not await ping(link)


@pytest.mark.parametrize(("verify", "is_up"), [("on", False), ("off", True)])
async def test_self_signed(tmp_path: Path, verify: str, *, is_up: bool) -> None:
    """A self-signed certificate, as Heroku's add-on has, will do by an explicit setting only."""
    cert, key = self_signed(tmp_path)
    tls = [
        *("--tls-port", str(port := free_port()), "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(cert), "--tls-key-file", str(key)),
    ]
    with RedisServer(tmp_path, tls):
        settings = make_settings(redis_url=f"rediss://127.0.0.1:{port}", redis_tls_verify=verify)
        async with RedisLink(settings).opened() as link:
            assert (link.is_up, await ping(link)) == (is_up, is_up)


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Make a certificate that nobody vouches for."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "redis")])
    now = datetime.now(UTC)
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    files = folder / "redis.crt", folder / "redis.key"
    files[0].write_bytes(cert.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files
