"""NASA's key, changed while the service runs."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from astropiks.mint import mint
from edge import watched_files
from edge.redis_link import RedisLink
from proxy.errors import SourceQuotaError, SourceRefusedError
from proxy.nasa_key import quota_of
from proxy.quota_board import RedisBoard
from proxy.sources.breaker import Breaker
from proxy.sources.key import NasaKey
from proxy.sources.quota import NoBoard, Quota
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import NASA_KEY, SECRET, asking, make_settings
from tests.redis_server import RedisServer

APOD = "/planetary/apod"
OTHER_KEY = "another-key-of-the-tests"


def key(text: str = NASA_KEY) -> NasaKey:
    """Make a key."""
    return NasaKey(SecretStr(text), "header")


def admits(quota: Quota) -> bool:
    """Ask for a call."""
    try:
        quota.admit()
    except SourceQuotaError:
        return False
    return True


def test_replaced() -> None:
    """The new key is sent from then on, and the old one still blotted out of late answers."""
    one, told = key(), []
    one.follow(lambda: told.append(one.headers()["X-Api-Key"]))
    assert not one.replace(SecretStr(NASA_KEY))
    assert told == []
    assert one.replace(SecretStr(OTHER_KEY))
    assert told == [OTHER_KEY]
    assert {NASA_KEY.encode(), OTHER_KEY.encode()} <= set(one.spellings())


def test_account() -> None:
    """What a key is called on the board is the same in each process, and tells nothing of it."""
    assert key().account == key().account != key(OTHER_KEY).account
    assert NASA_KEY not in key().account


def test_quota(clock: SettableClock) -> None:
    """What NASA said of the old key stops no call with the new one, even if it comes late."""
    one = key()
    quota = quota_of(one, clock, NoBoard())
    under_way = quota.admit()
    quota.note(429, {"Retry-After": "2870"})
    assert not admits(quota)
    one.replace(SecretStr(OTHER_KEY))
    assert admits(quota)
    quota.note(429, {"Retry-After": "2870"}, under_way)
    assert admits(quota)


@pytest.fixture
async def board(redis: RedisServer, clock: SettableClock) -> AsyncIterator[RedisBoard]:
    """Be the board, in a real Redis."""
    async with RedisLink(make_settings(redis_url=redis.url)).opened() as link:
        yield RedisBoard(link, clock)


async def test_shared_quota(board: RedisBoard, clock: SettableClock) -> None:
    """A stop that all have read stops who has the new key no longer: by a file or a restart."""
    one = key()
    running, restarted = quota_of(one, clock, board), quota_of(key(OTHER_KEY), clock, board)
    running.note(429, {"Retry-After": "2870"})
    await board.aclose()
    peer = quota_of(key(), clock, board)
    for quota, wanted in ((peer, False), (restarted, True)):
        await quota.learn()
        assert admits(quota) == wanted
    one.replace(SecretStr(OTHER_KEY))
    await running.learn()
    assert admits(running)


def test_breaker(clock: SettableClock) -> None:
    """A source that was set aside is asked again, and a refusal of the old key sets none aside."""
    breaker = Breaker(clock)
    tickets = [breaker.admit(), breaker.admit()]
    assert tickets[0] is not None
    assert tickets[1] is not None
    breaker.failed(tickets[0], SourceRefusedError("the old key"))
    assert breaker.admit() is None
    breaker.begin_anew()
    breaker.failed(tickets[1], SourceRefusedError("the old key"))
    assert breaker.admit() is not None


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be the file of the key."""
    (tmp_path / "key").write_text(NASA_KEY)
    monkeypatch.setenv("NASA_API_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setattr(watched_files, "POLL_SECONDS", 0.01)
    return tmp_path / "key"


async def settled(path: Path, text: str) -> str:
    """Change the file, and give what the log says of it."""
    with capture_logs() as logged:
        path.with_suffix(".new").write_text(f"{text}\n")
        path.with_suffix(".new").rename(path)
        for _ in range(500):
            await asyncio.sleep(0.01)
            if told := [str(one["event"]) for one in logged if "key_file" in one["event"]]:
                return told[0]
    pytest.fail("the file was not read")


async def test_file(path: Path, nasa: StandIn, clock: SettableClock) -> None:
    """A key that NASA refuses is mended by its file, at once; one that cannot be sent gets not in.

    The old API is not even left set aside, as it is after a refusal.
    """
    headers = {"Approov-Token": mint(SECRET, now=clock.now)}
    settings = make_settings(apod_sources="legacy")
    with capture_logs() as at_start:
        async with asking(nasa, clock, settings):
            pass
    assert "key_file_replaced" not in [one["event"] for one in at_start]
    async with asking(nasa, clock, settings) as client:

        async def ask(day: int) -> httpx.Response:
            return await client.get(f"{APOD}?date=2021-10-{day}", headers=headers)

        assert (await ask(11)).status_code == 200
        nasa.keys = frozenset({OTHER_KEY})
        assert (await ask(12)).status_code == 502
        assert (await ask(13)).status_code == 503  # set aside
        assert await settled(path, "two words") == "key_file_kept"
        assert await settled(path, OTHER_KEY) == "key_file_replaced"
        assert (await ask(14)).status_code == 200
    assert nasa.requests[-1].headers["X-Api-Key"] == OTHER_KEY
