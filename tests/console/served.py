"""The console on a real socket: as `astropiks dev` serves it, or with a clock that can be set."""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from starlette.types import ASGIApp

from astropiks import dev, server
from astropiks.console.app import Console
from astropiks.console.key import ConsoleKey
from edge.settings import DevelopmentSettings
from standin.app import StandIn
from standin.calendar import SettableClock
from standin.conditions import Conditions
from tests.conftest import SECRET
from tests.processes import ASTROPIKS, environment, free_port, running, wait_for

NASA_KEY = "standin-key"
KEY = ConsoleKey("key-of-the-tests", "console-of-the-tests")


@dataclass(frozen=True, slots=True)
class Bench:
    """A console whose clock stands still until it is set.

    Attributes:
        url: opens it.
        clock: of all: NASA's, the service's, the tokens'.
        conditions: what is the matter with NASA.
    """

    url: str
    clock: SettableClock
    conditions: Conditions


@contextmanager
def astropiks_dev(folder: Path, **variables: str) -> Iterator[str]:
    """Run `astropiks dev` in *folder* and give the address that opens its console."""
    port, output = free_port(), folder / "output"
    env = environment(PORT=str(port), **variables)
    with running([*ASTROPIKS, "dev"], env, folder, output) as process:
        wait_for(port, process, output)
        (url,) = re.findall(r"^Open (\S+) in a browser", output.read_text(), re.MULTILINE)
        assert url.startswith(f"http://127.0.0.1:{port}/?key=")
        yield url


def base_of(url: str) -> str:
    """Give the base URL of what an address opens."""
    return url.partition("/?key=")[0]


@contextmanager
def visitor(url: str) -> Iterator[httpx.Client]:
    """Open the console as a browser does, and give the client that may see it."""
    base = base_of(url)
    headers = {"Origin": base, "Console-Request": "1"}
    with httpx.Client(base_url=base, headers=headers, trust_env=False) as client:
        assert client.get(url).headers["Location"] == "/"
        yield client


@contextmanager
def bench(nasa: ASGIApp | None = None, /, **changes: object) -> Iterator[Bench]:
    """Serve a console with settings changed; *nasa* in the stand-in's place, if it is given."""
    clock = SettableClock(datetime(2026, 11, 23, 12, tzinfo=UTC))
    stand_in = StandIn(keys={NASA_KEY}, clock=clock)
    with server.serving(nasa or stand_in) as upstream:
        settings = development_settings(upstream, **changes)
        console = make_console(settings, clock, None if nasa else stand_in.conditions)
        with server.serving(console) as base:
            yield Bench(KEY.address(base), clock, stand_in.conditions)


def make_console(
    settings: DevelopmentSettings, clock: SettableClock, conditions: Conditions | None = None
) -> Console:
    """Put the console before the whole application."""
    app = dev.application(settings, clock)
    return dev.with_console(app, settings, "a stand-in.", KEY, conditions, clock)


def development_settings(upstream: str, **changes: object) -> DevelopmentSettings:
    """Give a whole configuration whose NASA is at *upstream*."""
    values = {
        "approov_base64_secret": base64.b64encode(SECRET).decode(),
        "nasa_api_key": NASA_KEY,
        "nasa_api_base_url": upstream,
        "nasa_science_base_url": upstream,
        "nasa_image_base_url": upstream,
        "runtime_secrets": {"example": "a value of the tests"},
        **changes,
    }
    return DevelopmentSettings.model_validate({name.upper(): one for name, one in values.items()})
