import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge import watched_files
from tests.secrets_service.conftest import Serve

CATALOG = """
[secrets.one]
versions.current = {{ name = "{version}", source = "env:VALUE_{version}" }}
[secrets.two]
versions.current = {{ name = "{version}", source = "env:VALUE_{version}" }}
"""
BAD = ["", "[secrets", '[secrets.one]\nsource="env:UNSET"\n', '[secrets.one]\nsauce="x"\n']


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the file all the time; let there be values."""
    monkeypatch.setattr(watched_files, "POLL_SECONDS", 0.005)
    for version in "12":
        monkeypatch.setenv(f"VALUE_{version}", f"value-{version}")


def write(path: Path, text: str) -> None:
    """Put a catalog into place as a deployment does: at once, by renaming."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(path)


async def test_under_load(serve: Serve, catalog: Path) -> None:
    """A new catalog comes into force at once and whole; no request sees half of either."""
    seen: list[tuple[str, ...]] = []
    async with serve(CATALOG.format(version="1")) as client:

        async def load() -> None:
            while True:
                listed = (await client.get("/secrets")).json()["secrets"]
                one = (await client.get("/secrets/one")).json()
                seen.append(tuple(sorted({secret["version"] for secret in listed})))
                assert one["value"] == f"value-{one['version']}"
                await asyncio.sleep(0)

        task = asyncio.create_task(load())
        for version in "2121":
            write(catalog, CATALOG.format(version=version))
            for _ in range(1000):
                await asyncio.sleep(0.002)
                if seen and seen[-1] == (version,):
                    break
            else:
                pytest.fail("the new catalog did not come into force")
        assert not task.done()
        task.cancel()
    assert set(seen) == {("1",), ("2",)}


@pytest.mark.parametrize("text", BAD)
async def test_bad(serve: Serve, catalog: Path, text: str) -> None:
    """While the new content is bad the last good one stays, and the log says why, once."""
    async with serve(CATALOG.format(version="1")) as client:
        with capture_logs() as logged:
            write(catalog, text)
            for _ in range(100):
                await asyncio.sleep(0.002)
                if any(line["event"] == "secrets_file_kept" for line in logged):
                    break
            assert (await client.get("/secrets/one")).json()["value"] == "value-1"
        write(catalog, CATALOG.format(version="2"))
        for _ in range(1000):
            await asyncio.sleep(0.002)
            if (await client.get("/secrets/one")).json()["version"] == "2":
                break
        else:
            pytest.fail("the good catalog did not come into force")
    (kept,) = [line for line in logged if line["event"] == "secrets_file_kept"]
    assert kept["reason"]


async def test_removed(serve: Serve, catalog: Path) -> None:
    """A secret that is taken out is gone, and its value forgotten."""
    async with serve(CATALOG.format(version="1")) as client:
        assert (await client.get("/secrets/two")).status_code == 200
        write(catalog, CATALOG.format(version="1").partition("[secrets.two]")[0])
        for _ in range(1000):
            await asyncio.sleep(0.002)
            if (await client.get("/secrets/two")).status_code == 404:
                break
        else:
            pytest.fail("the secret is still there")
        assert (await client.get("/secrets/one")).status_code == 200
