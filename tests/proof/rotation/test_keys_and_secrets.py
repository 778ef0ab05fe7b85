"""NASA's key, in its file, and a runtime secret."""

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import httpx

from astropiks.mint import mint
from standin.app import StandIn
from standin.calendar import latest_published
from tests.conftest import NASA_KEY, SECRET
from tests.documents.incidents import serving as serve
from tests.machines.conftest import APOD
from tests.proof import truth
from tests.proof.rotation.crowd import WITHIN_SECONDS, Crowd, refused_after
from tests.proof.rotation.drill import (
    ANSWERS,
    NASA_KEYS,
    ROTATIONS,
    UNLIMITED,
    Row,
    after,
    in_turn,
    put,
    told,
)


async def test_nasa_key(standin: StandIn, nasa: str, tmp_path: Path, row: Row) -> None:
    """NASA's key in its file is followed, while each request needs a call of NASA's only API."""
    path = tmp_path / "nasa-key"
    put(path, NASA_KEY)
    cold = iter([*truth.days_until(latest_published(time.time()))][:-40])
    headers = {"Approov-Token": mint(SECRET, now=time.time())}
    slowest = 0.0

    def is_right(answer: httpx.Response) -> bool:
        day = date.fromisoformat(answer.request.url.params["date"])
        return answer.status_code == 200 and answer.content in truth.forms(day)

    own = {"NASA_API_KEY": "", "NASA_API_KEY_FILE": str(path)}
    with serve(nasa, tmp_path / "service", **UNLIMITED, **own) as machine:
        crowd = Crowd(machine.url, lambda: (f"{APOD}?date={next(cold)}", headers), is_right)
        await told(machine, "started", 1)
        async with crowd.asking():
            for old, new in in_turn(NASA_KEYS):
                standin.keys = frozenset({old, new})
                await crowd.answers(ANSWERS)
                standin.requests.clear()
                put(path, f"{new}\n")
                seconds = await used_for(old, standin)
                slowest = max(slowest, seconds)
                standin.keys = frozenset({new})
                await crowd.answers(ANSWERS)
                assert {one.headers["X-Api-Key"] for one in standin.requests} == {new}
                assert len(standin.requests) >= ANSWERS // 2  # some had been made before
    assert crowd.failed == []
    told_old = f"no longer sent after {slowest:.2f} s at most"
    row("NASA's key, in its file", ROTATIONS, crowd.answered, crowd.failed, told_old)


async def used_for(key: str, nasa: StandIn) -> float:
    """Give how long a key is still sent to NASA from now on; look for long enough."""
    began, last, looked_at = time.monotonic(), 0.0, 0
    while (now := time.monotonic() - began) < WITHIN_SECONDS:
        seen = nasa.requests[looked_at:]
        looked_at += len(seen)
        if any(one.headers["X-Api-Key"] == key for one in seen):
            last = now
        await asyncio.sleep(0.01)
    nasa.requests.clear()
    return last


CATALOG = """
[secrets.maps-key.versions]
current = {{ name = "{0}", source = "file:{1}/{0}" }}
"""
NEXT = 'next = {{ name = "{0}", source = "file:{1}/{0}", from = {2} }}\n'
RETIRED = 'retired = [{{ name = "{0}", until = {1} }}]\n'


async def test_runtime_secret(nasa: str, tmp_path: Path, row: Row) -> None:
    """A runtime secret goes from current to retired to gone, and each delivery is of one piece."""
    path, later = tmp_path / "secrets.toml", datetime.now(UTC) + timedelta(days=1)
    names = [f"version-{n}" for n in range(ROTATIONS + 1)]
    for name in names:
        (tmp_path / name).write_text(f"value of {name}")
    put(path, CATALOG.format(names[0], tmp_path))
    headers = {"Approov-Token": mint(SECRET, now=time.time())}
    good = {names[0]}

    def is_right(answer: httpx.Response) -> bool:
        told = answer.json()
        version = told.get("version")
        return version in good and told["value"] == f"value of {version}"

    def is_gone(answer: httpx.Response) -> bool:
        (one,) = answer.json()["secrets"]
        return bool(one["also_valid"] == [])

    slowest, changes = 0.0, 1
    own = {"RUNTIME_SECRETS_FILE": str(path)}
    with serve(nasa, tmp_path / "service", **UNLIMITED, **own) as machine:
        crowd = Crowd(machine.url, lambda: ("/secrets/maps-key", headers), is_right)
        await told(machine, "started", 1)
        async with crowd.asking():
            for old, new in pairwise(names):
                await crowd.answers(ANSWERS)
                begin = datetime.now(UTC) + timedelta(seconds=1.2)
                coming = NEXT.format(new, tmp_path, begin.isoformat())
                good.add(new)
                put(path, CATALOG.format(old, tmp_path) + coming)
                changes += 1
                await told(machine, "secrets_file_replaced", changes)
                await asyncio.sleep((begin - datetime.now(UTC)).total_seconds())
                await crowd.answers(ANSWERS)
                good.discard(old)
                await crowd.answers(ANSWERS)
                new_one = CATALOG.format(new, tmp_path)
                put(path, new_one + RETIRED.format(old, later.isoformat()))
                changes += 1
                await told(machine, "secrets_file_replaced", changes)
                await crowd.answers(ANSWERS)
                seconds = await refused_after(
                    machine.url, partial(put, path, new_one), ("/secrets", headers), is_gone
                )
                slowest, changes = max(slowest, seconds), changes + 1
        assert crowd.failed == []
        put(path, "[secrets.other-key]\nsource = 'env:PATH'\n")
        await told(machine, "secrets_file_replaced", changes + 1)
        assert machine.get("/secrets/maps-key").status_code == 404
    row("a runtime secret", ROTATIONS, crowd.answered, crowd.failed, after(slowest))
