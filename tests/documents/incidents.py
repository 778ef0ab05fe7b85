"""What the person on call may meet, brought about with real processes: each leaves a `log`."""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from astropiks.mint import Invalid, mint
from standin.app import StandIn
from standin.faults import Fault
from tests.astropiks.test_serve import production
from tests.conftest import SECRET
from tests.machines.conftest import APOD, Machine
from tests.processes import ASTROPIKS, environment, free_port, run, running, wait_for

SERVE = (*ASTROPIKS, "serve")


def token(*, now: float | None = None, invalid: Invalid | None = None, device: str = "") -> str:
    """Make one, good or bad."""
    more = {"did": device} if device else {}
    return mint(SECRET, now=time.time() if now is None else now, invalid=invalid, more=more)


def ask(machine: Machine, path: str, given: str | None = None, **headers: str) -> httpx.Response:
    """Ask with a token, a good one if none is given; with an empty one there is no header."""
    given = token() if given is None else given
    sent = {"Approov-Token": given} if given else {}
    return httpx.get(
        f"{machine.url}{path}", headers={**sent, **headers}, timeout=30, trust_env=False
    )


def until(is_so: Callable[[], bool]) -> None:
    """Wait for something that another process does."""
    for _ in range(1000):
        if is_so():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come to that")


@contextmanager
def serving(
    nasa_url: str, folder: Path, command: Sequence[str] = SERVE, **settings: str
) -> Iterator[Machine]:
    """Run one process of the service; once it has ended, *folder* has its whole `log`."""
    folder.mkdir(exist_ok=True)
    port, output = free_port(), folder / "output"
    env = {**production(nasa_url, port), **settings}
    with running(command, env, folder, output) as process:
        wait_for(port, process, output)
        yield Machine(process, f"http://127.0.0.1:{port}", output)
    shutil.copy(output, folder / "log")


def answered(commands: str, folder: Path, **variables: str) -> str:
    """Paste *commands* into a shell that stands in *folder*, and give what they print."""
    return run(["sh", "-c", commands], environment(**variables), folder).stdout


def refusals(nasa_url: str, folder: Path) -> None:
    """Refuse seven, and answer one."""
    with serving(nasa_url, folder) as machine:
        ask(machine, f"{APOD}?date=2021-10-12")
        for invalid in [Invalid.EXPIRED] * 4 + [Invalid.SIGNATURE]:
            ask(machine, APOD, token(invalid=invalid))
        for _ in range(2):
            ask(machine, APOD, "")


def nasa_down(nasa: StandIn, nasa_url: str, folder: Path) -> None:
    """Let both of NASA's APIs fail, for dates that are not held."""
    with serving(nasa_url, folder) as machine:
        ask(machine, f"{APOD}?date=2021-10-12")
        nasa.faults.update(legacy=Fault("503"), science=Fault("503"))
        for day in ("2021-10-13", "2021-10-14"):
            ask(machine, f"{APOD}?date={day}")
        nasa.faults.clear()


def nasa_down_for_long(nasa: StandIn, nasa_url: str, folder: Path) -> None:
    """Let both fail when what is held is past its lifetime."""
    folder.mkdir()
    ahead = folder / "ahead"
    ahead.write_text("0")
    command = [ASTROPIKS[0], "-m", "tests.documents.later", str(ahead)]
    with serving(nasa_url, folder, command) as machine:
        ask(machine, f"{APOD}?date=2021-10-12")
        nasa.faults.update(legacy=Fault("503"), science=Fault("503"))
        ahead.write_text(f"{40 * 86400}")
        good = token(now=time.time() + 40 * 86400)
        url = f"{APOD}?date=2021-10-12"
        until(lambda: "if-error" in ask(machine, url, good).headers["Cache-Status"])
        nasa.faults.clear()


def quota_used_up(nasa: StandIn, nasa_url: str, folder: Path) -> None:
    """Let NASA refuse one call, after which two requests go without."""
    with serving(nasa_url, folder, APOD_SOURCES="legacy") as machine:
        nasa.faults["legacy"] = Fault("429")
        for day in ("2021-10-12", "2021-10-13", "2021-10-14"):
            ask(machine, f"{APOD}?date={day}")
        nasa.faults.clear()


def slow_nasa(nasa: StandIn, nasa_url: str, folder: Path) -> None:
    """Let NASA take its time once."""
    with serving(nasa_url, folder) as machine:
        nasa.conditions.latency_seconds = 1.1
        ask(machine, f"{APOD}?date=2021-10-12")
        nasa.conditions.latency_seconds = 0


def changed_files(nasa_url: str, folder: Path) -> None:
    """Spoil the key set, and change the file of secrets."""
    folder.mkdir()
    keys, secrets = folder / "keys.json", folder / "secrets.toml"
    write_keys(keys)
    write_secrets(secrets, folder / "maps")
    files = {"APPROOV_KEYSET_FILE": str(keys), "RUNTIME_SECRETS_FILE": str(secrets)}
    with serving(nasa_url, folder, **files) as machine:
        keys.write_text("{")
        machine.wait_for("keyset_kept")
        secrets.write_text(secrets.read_text() + "lifetime = 60\n")
        until(lambda: len(machine.events("secrets_file_replaced")) == 2)


def write_keys(path: Path) -> None:
    """Write a key set of one key."""
    path.write_text(
        json.dumps({"keys": [{"kty": "oct", "kid": "a", "alg": "HS256", "k": "A" * 44}]})
    )


def write_secrets(path: Path, value: Path) -> None:
    """Write a file of one secret, whose value lies in another."""
    value.write_text("value")
    path.write_text(f'[secrets.maps-key]\nsource = "file:{value}"\n')
