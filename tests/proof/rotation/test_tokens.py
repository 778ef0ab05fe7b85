"""What tokens are signed with: Approov's secret in its file, and the key set."""

import base64
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from astropiks.mint import mint
from standin.calendar import SettableClock
from tests.attestation.test_keysets import PRIVATE, jwk
from tests.attestation.test_keysets import token as signed_token
from tests.documents.incidents import serving as serve
from tests.machines.conftest import Machine
from tests.proof.rotation.crowd import Crowd, Wish, refused_after
from tests.proof.rotation.drill import (
    ANSWERS,
    ROTATIONS,
    SECRETS,
    UNLIMITED,
    Row,
    after,
    in_turn,
    is_picture,
    is_unauthorised,
    put,
    told,
    with_token,
)

ALGORITHMS = ["RS256", "ES256"]


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
    await told(machine, "started", 1)
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
    row("Approov's secret, in its file", ROTATIONS, crowd.answered, crowd.failed, after(seconds))


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
    row("Approov's key set", ROTATIONS, crowd.answered, crowd.failed, after(seconds))
