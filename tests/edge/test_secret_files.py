"""Files that hold one secret each, and change while the service runs."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from astropiks.mint import mint
from edge import secret_files, watched_files
from edge.watched_files import WatchedFile
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.attestation.test_keys import SAMPLES
from tests.attestation.test_keysets import PRIVATE, jwk
from tests.attestation.test_keysets import token as signed_token
from tests.conftest import SECRET, asking, make_settings

NEXT = SECRET[::-1]


def text_of(*secrets: bytes) -> str:
    """Write secrets as Approov's command line does, comma-separated."""
    return ",".join(base64.b64encode(secret).decode() for secret in secrets)


def put(path: Path, text: str) -> None:
    """Put a file into place at once, by renaming, with the line end that an editor adds."""
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{text}\n")
    fresh.rename(path)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be the file of Approov's secret."""
    put(tmp_path / "secret", text_of(SECRET))
    monkeypatch.setenv("APPROOV_BASE64_SECRET_FILE", str(tmp_path / "secret"))
    monkeypatch.setattr(watched_files, "POLL_SECONDS", 0.01)
    return tmp_path / "secret"


def followed(replace: Callable[[str], bool]) -> WatchedFile:
    """Follow that file, from now on."""
    (file,) = secret_files.watched("APPROOV_BASE64_SECRET", replace)
    file.refresh()
    return file


@pytest.mark.parametrize(
    "content",
    [None, b"", b" \n", b"\xff marker", b"unusable marker"],
    ids=["absent", "empty", "blank", "not UTF-8", "unusable"],
)
def test_kept(path: Path, content: bytes | None) -> None:
    """While a file is bad the last good secret stays, and the log says so once, without either."""
    given: list[str] = []

    def replace(text: str) -> bool:
        if text.startswith("unusable"):
            raise ValueError("cannot be used")
        given.append(text)
        return True

    file = followed(replace)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    with capture_logs() as logged:
        file.refresh()
        file.refresh()
    assert given == [text_of(SECRET)]
    assert [line["event"] for line in logged] == ["key_file_kept"]
    assert logged[0]["reason"].startswith("APPROOV_BASE64_SECRET_FILE ")
    assert "marker" not in str(logged)
    put(path, "mended")
    file.refresh()
    assert given[1:] == ["mended"]


def test_not_in_a_file() -> None:
    """A secret of the environment itself has nothing to follow."""
    assert secret_files.watched("APPROOV_BASE64_SECRET", lambda _: False) == []


def test_told(path: Path) -> None:
    """Another secret is told, and so is a good one after a bad; not the same one read again."""
    in_force = text_of(SECRET)

    def replace(text: str) -> bool:
        nonlocal in_force
        before, in_force = in_force, text
        return text != before

    def told(text: str | None = None) -> list[str]:
        if text is not None:
            put(path, text)
        with capture_logs() as logged:
            file.refresh(even_unchanged=True)
        return [line["event"] for line in logged]

    with capture_logs() as at_start:
        file = followed(replace)
    assert at_start == []
    assert told() == []
    assert told(text_of(SECRET)) == []
    assert told(text_of(NEXT)) == ["key_file_replaced"]
    assert told("") == ["key_file_kept"]
    assert told(text_of(NEXT)) == ["key_file_replaced"]
    assert told() == []


async def until(ask: Callable[[], Awaitable[object]], wanted: object) -> None:
    """Ask until an answer is as it should be."""
    for _ in range(500):
        if await ask() == wanted:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"it did not become {wanted}")


async def test_approov_secret(
    path: Path, nasa: StandIn, clock: SettableClock, tmp_path: Path
) -> None:
    """Secrets are followed beside a key set, which stays in force; a published one gets not in."""
    keyset = tmp_path / "keys.json"
    keyset.write_text(json.dumps({"keys": [jwk("RS256")]}))
    tokens = {
        "old": mint(SECRET, now=clock.now),
        "new": mint(NEXT, now=clock.now),
        "key set": signed_token(clock, "RS256", PRIVATE["RS256"], "RS256").decode(),
    }
    settings = make_settings(approov_keyset_file=keyset)
    with capture_logs() as at_start:
        async with asking(nasa, clock, settings):
            pass
    assert "key_file_replaced" not in [line["event"] for line in at_start]
    async with asking(nasa, clock, settings) as client:

        async def status(name: str) -> int:
            headers = {"Approov-Token": tokens[name]}
            return (await client.get("/planetary/apod", headers=headers)).status_code

        async def statuses() -> list[int]:
            return [await status(name) for name in tokens]

        assert await statuses() == [200, 401, 200]
        put(path, text_of(NEXT, SECRET))
        await until(lambda: status("new"), 200)
        assert await statuses() == [200, 200, 200]
        put(path, text_of(NEXT))
        await until(lambda: status("old"), 401)
        assert await statuses() == [401, 200, 200]
        keyset.write_text(json.dumps({"keys": [jwk("ES256")]}))
        await until(lambda: status("key set"), 401)
        assert await statuses() == [401, 200, 401]
        with capture_logs() as logged:
            put(path, next(iter(SAMPLES.values())))
            for _ in range(500):
                await asyncio.sleep(0.01)
                if logged:
                    break
        assert [line["event"] for line in logged] == ["key_file_kept"]
        assert await statuses() == [401, 200, 401]
