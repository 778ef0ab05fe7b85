"""The audit trail as a stream in a real Redis."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.backoff import ConstantBackoff
from redis.retry import Retry

from secrets_service.app import STREAM
from tests.conftest import make_settings
from tests.processes import PATH, free_port, running
from tests.secrets_service.conftest import VALUE, Serve, Trail

SIMPLE = '[secrets.maps-key]\nsource = "env:MAPS_KEY"\n'


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple[str, "Redis"]]:
    """Be Redis, of a port of its own."""
    server = shutil.which("redis-server") or shutil.which("valkey-server")
    if server is None:
        pytest.skip("NO REDIS HERE: install redis-server to have the shared audit trail tested")
    port = free_port()
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    with (
        running(command, {"PATH": PATH}, tmp_path, tmp_path / "output"),
        Redis(port=port, retry=Retry(ConstantBackoff(0.02), 500)) as client,
    ):
        client.ping()
        yield f"redis://127.0.0.1:{port}", client


async def test_stream(redis: tuple[str, "Redis"], serve: Serve) -> None:
    """Deliveries and refusals of all processes stand in one stream, without a value."""
    url, client = redis
    async with serve(SIMPLE, redis_url=url) as app:
        assert (await app.get("/secrets/maps-key")).status_code == 200
        assert (await app.get("/secrets/other")).status_code == 404
    stream: Any = client.xrange(STREAM)
    entries = [fields for _, fields in stream]
    assert [entry[b"event"] for entry in entries] == [b"secret_delivered", b"secret_refused"]
    assert entries[0][b"secret"] == b"maps-key"
    assert entries[1][b"reason"] == b"unknown"
    assert VALUE not in str(entries)


async def test_gone(redis: tuple[str, "Redis"], serve: Serve) -> None:
    """While Redis does not take the entry, nothing is delivered; then it goes on by itself."""
    url, client = redis
    async with serve(SIMPLE, redis_url=url) as app:
        assert (await app.get("/secrets/maps-key")).status_code == 200
        client.config_set("maxmemory", "1")
        refused = await app.get("/secrets/maps-key")
        client.config_set("maxmemory", "0")
        again = await app.get("/secrets/maps-key")
    assert (refused.status_code, VALUE in refused.text) == (503, False)
    assert again.status_code == 200


async def test_away(serve: Serve, trail: Trail) -> None:
    """Redis that is not there is the same: nothing stands anywhere as delivered."""
    port = free_port()
    async with serve(SIMPLE, redis_url=f"redis://:marker@127.0.0.1:{port}") as app:
        answer = await app.get("/secrets/maps-key")
        unknown = await app.get("/secrets/unknown")
    assert (answer.status_code, unknown.status_code) == (503, 404)
    assert "marker" not in answer.text
    assert [line for line in trail() if line["event"] == "secret_delivered"] == []


@pytest.mark.parametrize(
    "url", ["redis://h?foo=x", "redis://h/x", "redis://h:port", "redis://[::1", "http://h", "h"]
)
def test_odd_address(url: str) -> None:
    """An address that could not be used is refused with the settings."""
    with pytest.raises(ValueError, match="REDIS_URL"):
        make_settings(redis_url=url)
