import asyncio
import json
import os
import signal
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from astropiks.mint import mint
from attestation.keys import InvalidKeyError, Key
from edge import keyset_file, watched_files
from edge.watched_files import watching
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.attestation.test_keysets import PRIVATE, jwk
from tests.attestation.test_keysets import token as signed_token
from tests.conftest import SECRET, asking, make_settings


def write(path: Path, *algorithms: str) -> None:
    """Put a key set into place as a deployment does: at once, by renaming."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"keys": [jwk(algorithm) for algorithm in algorithms]}))
    fresh.rename(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Be a file with one key."""
    write(tmp_path / "keys.json", "RS256")
    return tmp_path / "keys.json"


class Ring:
    """Keeps what was handed on."""

    def __init__(self) -> None:
        self.kids: list[list[str | None]] = []

    def __call__(self, keys: tuple[Key, ...]) -> None:
        """Keep."""
        self.kids.append([key.kid for key in keys])


def test_read(path: Path) -> None:
    """A key set is read."""
    assert [key.kid for key in keyset_file.read(path)] == ["RS256"]


BAD = {
    "absent": None,
    "empty": b"",
    "no JSON": b"{",
    "not UTF-8": b"\xff",
    "array": b"[]",
    "no keys": b'{"keys":[]}',
    "keys of another type": b'{"keys":{}}',
    "bad key": b'{"keys":[{"kty":"marker"}]}',
    "deep": b"[" * 100_000,
    "huge": b" " * 300_000,
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_unreadable(tmp_path: Path, content: bytes | None) -> None:
    """A file that is no key set is refused, and not quoted."""
    path = tmp_path / "marker.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidKeyError) as refusal:
        keyset_file.read(path)
    assert "marker" not in str(refusal.value)


def test_changed(path: Path) -> None:
    """A changed file is handed on once; an unchanged one is not read."""
    ring = Ring()
    watched = keyset_file.watched(path, ring)
    watched.refresh()
    watched.refresh()
    assert ring.kids == [["RS256"]]
    write(path, "ES256", "RS256")
    watched.refresh()
    watched.refresh()
    assert ring.kids == [["RS256"], ["ES256", "RS256"]]


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_last_good(path: Path, content: bytes | None) -> None:
    """While the new content is bad the last good one stays, and the log says so once."""
    ring = Ring()
    watched = keyset_file.watched(path, ring)
    watched.refresh()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with capture_logs() as logged:
        watched.refresh()
        watched.refresh()
    assert ring.kids == [["RS256"]]
    assert [line["event"] for line in logged] == ["keyset_kept"]
    write(path, "ES256")
    watched.refresh()
    assert ring.kids == [["RS256"], ["ES256"]]


class Waiting(Ring):
    """Tells when something was handed on for the second time: the first is at the beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.again = asyncio.Event()

    def __call__(self, keys: tuple[Key, ...]) -> None:
        """Keep."""
        super().__call__(keys)
        if len(self.kids) == 2:
            self.again.set()


async def test_changed_before(path: Path) -> None:
    """What has changed since the settings were read is found at the beginning."""
    ring = Ring()
    watched = keyset_file.watched(path, ring)
    write(path, "ES256")
    async with watching([watched]):
        assert ring.kids == [["ES256"]]


async def test_signal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On SIGHUP it is read at once, even if it looks unchanged."""
    monkeypatch.setattr(watched_files, "POLL_SECONDS", 3600)
    ring = Waiting()
    async with watching([keyset_file.watched(path, ring)]):
        await asyncio.sleep(0)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.wait_for(ring.again.wait(), 5)


async def test_polling(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a signal it is found changed within the polling time."""
    monkeypatch.setattr(watched_files, "POLL_SECONDS", 0.01)
    ring = Waiting()
    async with watching([keyset_file.watched(path, ring)]):
        write(path, "ES256")
        await asyncio.wait_for(ring.again.wait(), 5)


async def test_defect(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect in handing on does not end the watch."""
    monkeypatch.setattr(watched_files, "POLL_SECONDS", 0.01)
    ring = Waiting()

    def broken_once(keys: tuple[Key, ...]) -> None:
        ring(keys)
        if len(ring.kids) == 1:
            raise ZeroDivisionError

    async with watching([keyset_file.watched(path, broken_once)]):
        write(path, "ES256")
        await asyncio.wait_for(ring.again.wait(), 5)


async def test_hang_up_without_file(nasa: StandIn, clock: SettableClock) -> None:
    """SIGHUP does no harm where there is nothing to read."""
    async with asking(nasa, clock) as client:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0)
        assert (await client.get("/livez")).status_code == 200


async def test_rotation_under_load(
    nasa: StandIn, clock: SettableClock, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rotation with overlap refuses not one good request, and afterwards the old key is gone."""
    monkeypatch.setattr(watched_files, "POLL_SECONDS", 0.01)
    old = {"Approov-Token": signed_token(clock, "RS256", PRIVATE["RS256"], "RS256").decode()}
    new = {"Approov-Token": signed_token(clock, "ES256", PRIVATE["ES256"], "ES256").decode()}
    secret = {"Approov-Token": mint(SECRET, now=clock.now)}
    async with asking(nasa, clock, make_settings(approov_keyset_file=path)) as client:

        async def status(headers: dict[str, str]) -> int:
            return (await client.get("/planetary/apod", headers=headers)).status_code

        answers: list[int] = []
        is_over = asyncio.Event()
        good: list[dict[str, str]] = [old, secret]

        async def load() -> None:
            while len(answers) < 20 or not is_over.is_set():
                answers.extend(await asyncio.gather(*map(status, good)))

        task = asyncio.create_task(load())
        for algorithms, newest in ((("ES256", "RS256"), new), (("ES256",), new)):
            if algorithms == ("ES256",):
                good.remove(old)  # by now the apps have fetched tokens of the new key
                await asyncio.sleep(0)
            write(path, *algorithms)
            for _ in range(500):
                settled = await status(newest) == 200
                if settled and (await status(old) == 200) == ("RS256" in algorithms):
                    break
                await asyncio.sleep(0.01)
            else:
                pytest.fail("the new key set did not come into force")
            if new not in good:
                good.append(new)
            for _ in range(20):
                assert await status(newest) == 200
        is_over.set()
        await task
    assert set(answers) == {200}
    assert len(answers) >= 20
