"""What docs/threat-model.md says is not stopped: shown, so that nobody relies on its being."""

import base64
import json

import httpx
import pytest
from asgi_lifespan import LifespanManager

from astropiks.apps import create_app
from astropiks.mint import mint
from secrets_service.sealing import Recipient, unseal
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import NASA_URL, SECRET, asking, make_settings
from tests.redis_server import RedisServer
from tests.secrets_service.conftest import Phone

URL = "/planetary/apod?date=2021-10-12"


async def test_stolen_token(nasa: StandIn, clock: SettableClock) -> None:
    """A token that is bound to nothing is good from any address, until it expires."""
    stolen = {"Approov-Token": mint(SECRET, now=clock.now, expires_in=300)}
    app = create_app(make_settings(), clock=clock, transport=httpx.ASGITransport(nasa))
    statuses = []
    async with LifespanManager(app) as manager:
        for address, pause in [("203.0.113.7", 0), ("198.51.100.9", 299), ("198.51.100.9", 1)]:
            clock.advance(seconds=pause)
            way = httpx.ASGITransport(manager.app, client=(address, 1))
            async with httpx.AsyncClient(transport=way, base_url=NASA_URL) as client:
                statuses.append((await client.get(URL, headers=stolen)).status_code)
    assert statuses == [200, 200, 401]


def test_other_sealer(phone: Phone) -> None:
    """That a value was sealed for a phone does not say who has sealed it."""
    recipient = phone.recipient.encode()  # which stands in the request
    forged = Recipient(recipient).seal(b'{"value":"another"}', name="maps-key", version="1")
    assert json.loads(unseal(forged, phone.pem)) == {"value": "another"}


async def test_writer_of_redis(redis: RedisServer, nasa: StandIn, clock: SettableClock) -> None:
    """A record that somebody else has put into Redis, in our very form, is told as NASA's."""
    settings = make_settings(redis_url=redis.url)
    token = {"Approov-Token": mint(SECRET, now=clock.now)}
    async with asking(nasa, clock, settings) as client:
        assert (await client.get(URL, headers=token)).json()["title"] != "Forged"
    (key,) = redis.client.keys("astropiks:1:apod:2021-10-12")
    kept = redis.client.get(key)
    assert isinstance(kept, bytes)
    head, _, body = kept.partition(b"\n")
    forged = {**json.loads(body), "title": "Forged"}
    text = json.dumps(forged, sort_keys=True, separators=(",", ":"))
    redis.client.set(key, head + b"\n" + text.encode() + b"\n")
    async with asking(nasa, clock, settings) as client:
        assert (await client.get(URL, headers=token)).json()["title"] == "Forged"


async def test_reader_of_redis(redis: RedisServer, nasa: StandIn, clock: SettableClock) -> None:
    """What stands in Redis for an address is no secret's hash: who tries all addresses finds it."""
    found = []
    for secret in (SECRET, b"another secret of 32 bytes and more"):
        settings = make_settings(
            redis_url=redis.url, approov_base64_secret=base64.b64encode(secret).decode()
        )
        async with asking(nasa, clock, settings) as client:
            assert (await client.get(URL)).status_code == 401
        found.append(set(redis.client.keys("astropiks:1:limit:*")))
        redis.client.flushall()
    assert found[0] == found[1] != set()


@pytest.fixture
def phone() -> Phone:
    """Be a phone."""
    return Phone()
