"""Everything that can be rotated is, under load, as docs/deploy.md says: no request fails."""

import asyncio
import base64
import json
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from astropiks.mint import mint
from astropiks.server import serving
from standin.app import StandIn
from standin.calendar import SettableClock, latest_published
from tests.attestation.test_keysets import PRIVATE, jwk
from tests.attestation.test_keysets import token as signed_token
from tests.conftest import NASA_KEY, SECRET
from tests.documents.incidents import serving as serve
from tests.machines.conftest import APOD, Machine, Platform, platform  # noqa: F401  (a fixture)
from tests.machines.router import Router
from tests.proof import truth
from tests.proof.crowd import WITHIN_SECONDS, Crowd, Wish, refused_after
from tests.proof.record import IS_WHOLE, Record, scaled

ROTATIONS = scaled(1, 5)

WORKERS = scaled(1, 2)

ANSWERS = scaled(50, 200)
"""After each step, before the next."""

UNLIMITED = {
    "WEB_CONCURRENCY": str(WORKERS),
    "RATE_LIMIT_DEVICE": "off",
    "RATE_LIMIT_REJECTED": "off",
    "APOD_SOURCES": "legacy",
}

SECRETS = [SECRET, SECRET[::-1]]
NASA_KEYS = [NASA_KEY, "next-nasa-key-of-the-tests"]
ALGORITHMS = ["RS256", "ES256"]

OLD_DAY = "2021-10-12"

Row = Callable[..., None]


@pytest.fixture
def standin() -> StandIn:
    """Be NASA, which does not count calls here."""
    return StandIn(keys={*NASA_KEYS}, hourly_limit=10**9)


@pytest.fixture
def nasa(standin: StandIn) -> Iterator[str]:
    """Be NASA on a real socket."""
    with serving(standin) as url:
        yield url


@pytest.fixture
def row(proof: Record, figure: Callable[[str], None]) -> Row:
    """Tell what a drill has shown."""

    def tell(what: str, rotations: int, answered: int, failed: Sequence[str], old: str) -> None:
        proof.row(
            "rotation",
            what=what,
            rotations=rotations,
            requests=f"{answered + len(failed):,}",
            failed=len(failed),
            old_ones_refused=old,
        )
        figure(f"rotation of {what}: {len(failed)} of {answered:,} requests failed; {old}")

    return tell


def put(path: Path, text: str) -> None:
    """Put a file in place of another at once, as docs/deploy.md says."""
    fresh = path.with_suffix(".new")
    fresh.write_text(text)
    fresh.rename(path)


async def told(machine: Machine, event: str, times: int) -> None:
    """Wait for a line of each process in the log."""
    for _ in range(500):
        if len(machine.events(event)) >= times * WORKERS:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"there was no {event} of every worker")


def in_turn(given: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Give pairs of old and new, as often as is rotated."""
    return pairwise(given[n % len(given)] for n in range(ROTATIONS + 1))


def is_picture(answer: httpx.Response) -> bool:
    """Tell whether an answer is the right one to the request for that one day."""
    return answer.status_code == 200 and answer.content in truth.forms(
        datetime.fromisoformat(OLD_DAY).date()
    )


def is_unauthorised(answer: httpx.Response) -> bool:
    """Tell whether it is a refusal."""
    return answer.status_code == 401


def with_token(token: str) -> Wish:
    """Ask for that day."""
    return f"{APOD}?date={OLD_DAY}", {"Approov-Token": token}


class Tokens:
    """Signs tokens with what is called old or new, and gives them to apps."""

    def __init__(self, sign: Callable[[str], str], first: str) -> None:
        self._sign = sign
        self.good = [sign(first)]
        self._count = 0

    def make(self) -> Wish:
        """Ask as an app that has one of the good ones."""
        self._count += 1
        return with_token(self.good[self._count % len(self.good)])


async def rotate_tokens(
    machine: Machine,
    sign: Callable[[str], str],
    names: Sequence[str],
    write: Callable[[list[str]], None],
    event: str,
    at_start: int,
) -> tuple[Crowd, float]:
    """Rotate what tokens are signed with: new beside old, apps follow, old one out.

    The log has *event* after each change, and so often from each process before the first.
    """
    tokens = Tokens(sign, names[0])
    crowd = Crowd(machine.url, tokens.make, is_picture)
    slowest, changes = 0.0, at_start
    async with crowd.asking():
        for old, new in in_turn(names):
            await crowd.answers(ANSWERS)
            write([new, old])
            changes += 1
            await told(machine, event, changes)
            tokens.good = [sign(old), sign(new)]
            await crowd.answers(ANSWERS)
            tokens.good = [sign(new)]
            await crowd.answers(ANSWERS)  # by now nobody has an old one under way
            seconds = await refused_after(
                machine.url, partial(write, [new]), with_token(sign(old)), is_unauthorised
            )
            slowest, changes = max(slowest, seconds), changes + 1
        await crowd.answers(ANSWERS)
    assert crowd.failed == []
    return crowd, slowest


async def test_approov_secret(nasa: str, tmp_path: Path, row: Row) -> None:
    """Approov's secret in its file is followed: the new one before the old, then it alone."""
    path = tmp_path / "approov-secret"
    texts = {base64.b64encode(one).decode(): one for one in SECRETS}

    def write(names: list[str]) -> None:
        put(path, ",".join(names) + "\n")

    write([*texts][:1])
    own = {"APPROOV_BASE64_SECRET": "", "APPROOV_BASE64_SECRET_FILE": str(path)}
    with serve(nasa, tmp_path / "service", **UNLIMITED, **own) as machine:
        crowd, seconds = await rotate_tokens(
            machine,
            lambda name: mint(texts[name], now=time.time()),
            [*texts],
            write,
            "key_file_replaced",
            0,
        )
    row("Approov's secret, in its file", ROTATIONS, crowd.answered, crowd.failed, _after(seconds))


async def test_key_set(nasa: str, tmp_path: Path, row: Row) -> None:
    """So is the key set."""
    path = tmp_path / "keys.json"

    def write(names: list[str]) -> None:
        put(path, json.dumps({"keys": [jwk(name) for name in names]}))

    def sign(name: str) -> str:
        now = SettableClock(datetime.now(UTC))
        return signed_token(now, name, PRIVATE[name], name).decode()

    write(ALGORITHMS[:1])
    own = {"APPROOV_KEYSET_FILE": str(path)}
    with serve(nasa, tmp_path / "service", **UNLIMITED, **own) as machine:
        crowd, seconds = await rotate_tokens(machine, sign, ALGORITHMS, write, "keyset_replaced", 1)
    row("Approov's key set", ROTATIONS, crowd.answered, crowd.failed, _after(seconds))


async def test_nasa_key(standin: StandIn, nasa: str, tmp_path: Path, row: Row) -> None:
    """NASA's key in its file is followed, while each request needs a call of NASA's only API."""
    path = tmp_path / "nasa-key"
    put(path, NASA_KEY)
    cold = iter([*truth.days_until(latest_published(time.time()))][:-40])
    headers = {"Approov-Token": mint(SECRET, now=time.time())}
    slowest = 0.0

    def is_right(answer: httpx.Response) -> bool:
        day = datetime.fromisoformat(answer.request.url.params["date"]).date()
        return answer.status_code == 200 and answer.content in truth.forms(day)

    own = {"NASA_API_KEY": "", "NASA_API_KEY_FILE": str(path)}
    with serve(nasa, tmp_path / "service", **UNLIMITED, **own) as machine:
        crowd = Crowd(machine.url, lambda: (f"{APOD}?date={next(cold)}", headers), is_right)
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
    row("a runtime secret", ROTATIONS, crowd.answered, crowd.failed, _after(slowest))


@pytest.mark.skipif(
    not IS_WHOLE, reason="whole only: tests/machines shows that restarts cost nothing"
)
async def test_restart(platform: Platform, row: Row) -> None:  # noqa: F811
    """Where Approov's secret is a variable, two rolling restarts do: with both, with the new."""
    texts = [base64.b64encode(one).decode() for one in SECRETS]

    def start(*secrets: str) -> Machine:
        return platform.start(APPROOV_BASE64_SECRET=",".join(secrets), RATE_LIMIT_REJECTED="off")

    machines = [start(texts[0]) for _ in range(2)]
    tokens = [mint(one, now=time.time()) for one in SECRETS]
    router = Router([one.url for one in machines], {"Approov-Token": tokens[0]})
    async with router.load(f"{APOD}?date={OLD_DAY}", 8):
        for secrets, token in ((texts[::-1], tokens[1]), (texts[1:], tokens[1])):
            for old in list(machines):
                machines.append(await asyncio.to_thread(start, *secrets))
                router.urls = [one.url for one in machines]
                await asyncio.sleep(0.5)
                old.process.send_signal(signal.SIGTERM)
                assert await asyncio.to_thread(old.process.wait, 30) == 0
                machines.remove(old)
                router.urls = [one.url for one in machines]
            router.headers = {"Approov-Token": token}
    async with httpx.AsyncClient(headers={"Approov-Token": tokens[0]}) as client:
        answers = [await client.get(machine.url + APOD) for machine in machines]
    assert all(map(is_unauthorised, answers))
    assert (router.failed, router.unsent) == ([], 0)
    assert router.answered > ANSWERS
    gone = "with the last process that has it"
    row("Approov's secret, by rolling restarts", 1, router.answered, router.failed, gone)


def _after(seconds: float) -> str:
    return f"after {seconds:.2f} s at most"
