"""The audit trail as a stream in a real Redis."""

import base64
from typing import Any

import pytest

from astropiks.signer import InstallKey, sign_request
from edge.replays import MEMORY, YOUNG
from secrets_service.app import STREAM
from secrets_service.assembly import _lack
from secrets_service.policy import SecretPolicy
from standin.calendar import SettableClock
from tests.conftest import make_settings
from tests.processes import free_port
from tests.redis_server import RedisServer
from tests.secrets_service.conftest import VALUE, Serve, Trail, token
from tests.secrets_service.test_app import SETTINGS

SIMPLE = '[secrets.maps-key]\nsource = "env:MAPS_KEY"\n'


async def test_stream(redis: RedisServer, serve: Serve) -> None:
    """Deliveries and refusals of all processes stand in one stream, without a value."""
    async with serve(SIMPLE, redis_url=redis.url) as app:
        assert (await app.get("/secrets/maps-key")).status_code == 200
        assert (await app.get("/secrets/other")).status_code == 404
    stream: Any = redis.client.xrange(STREAM)
    entries = [fields for _, fields in stream]
    assert [entry[b"event"] for entry in entries] == [b"secret_delivered", b"secret_refused"]
    assert entries[0][b"secret"] == b"maps-key"
    assert entries[1][b"reason"] == b"unknown"
    assert VALUE not in str(entries)


async def test_gone(redis: RedisServer, serve: Serve) -> None:
    """While Redis does not take the entry, nothing is delivered; then it goes on by itself."""
    async with serve(SIMPLE, redis_url=redis.url) as app:
        assert (await app.get("/secrets/maps-key")).status_code == 200
        redis.client.config_set("maxmemory", "1")
        refused = await app.get("/secrets/maps-key")
        redis.client.config_set("maxmemory", "0")
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


async def test_replay_elsewhere(redis: RedisServer, serve: Serve, clock: SettableClock) -> None:
    """A signed request is good once, whichever process it is sent to."""
    install, settings = InstallKey(), {**SETTINGS, "redis_url": redis.url}
    redis.client.set(MEMORY, "1")  # it has been there for a while
    toml = f"{SIMPLE}policy.signature = true\n"
    async with serve(toml, **settings) as one, serve(toml, **settings) as other:
        headers = signed(install, clock)
        answers = [await app.get("/secrets/maps-key", headers=headers) for app in (one, other)]
    assert [answer.status_code for answer in answers] == [200, 401]


async def test_replay_unknown(
    redis: RedisServer, serve: Serve, clock: SettableClock, trail: Trail
) -> None:
    """While Redis cannot tell a replay, no secret that wants a signature goes out; pictures do."""
    install, settings = InstallKey(), {**SETTINGS, "redis_url": redis.url}
    async with serve(f"{SIMPLE}policy.signature = true\n", **settings) as app:
        redis.stop()
        secret = await app.get("/secrets/maps-key", headers=signed(install, clock))
        picture = await app.get(
            "/planetary/apod", headers=signed(install, clock, "/planetary/apod")
        )
    assert (secret.status_code, VALUE in secret.text) == (503, False)
    assert secret.headers["Retry-After"]
    assert picture.status_code == 200
    assert [line["reason"] for line in trail()] == ["undeliverable"]


async def test_new_redis(redis: RedisServer, serve: Serve, clock: SettableClock) -> None:
    """Nor does one go out while what Redis has forgotten could still be sent again."""
    install, settings = InstallKey(), {**SETTINGS, "redis_url": redis.url}
    async with serve(f"{SIMPLE}policy.signature = true\n", **settings) as app:
        first = await app.get("/secrets/maps-key", headers=signed(install, clock))
        redis.client.delete(YOUNG)
        clock.advance(seconds=1)
        second = await app.get("/secrets/maps-key", headers=signed(install, clock))
    assert (first.status_code, second.status_code) == (503, 200)


def test_rate_of_several_processes(redis: RedisServer) -> None:
    """With Redis a secret may have a rate though there are several workers."""
    lacks = {
        workers: _lack(SecretPolicy(rate="1/hour"), make_settings(web_concurrency=workers, **more))
        for workers, more in ((1, {}), (2, {"redis_url": redis.url}))
    }
    assert lacks == {1: None, 2: None}


def signed(
    install: InstallKey, clock: SettableClock, path: str = "/secrets/maps-key"
) -> dict[str, str]:
    """Give the headers of a signed request."""
    text = token(clock, ipk=base64.b64encode(install.public).decode())
    headers = {"Approov-Token": text}
    url = f"https://proxy.test{path}"
    return {**headers, **sign_request(install, "GET", url, headers, now=clock.now)}
