"""Real parts, put together: a clock that stands still, NASA's stand-in, the application."""

import base64
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from asgi_lifespan import LifespanManager

from astropiks.apps import create_app
from astropiks.mint import mint
from attestation.keys import HmacKey, KeyRing
from attestation.token import TokenVerifier
from attestation.verifier import Policy, RequestVerifier
from edge import environment, settings
from edge.settings import Settings
from proxy.sources import retry
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.proof.record import IS_WHOLE, Record
from tests.redis_server import RedisServer

SECRET = b"the attestation secret of the tests: 64 bytes that nobody uses.."
NASA_KEY = "nasa-key-of-the-tests"
NASA_URL = "https://api.nasa.test"

EVERYTHING = {
    "image_proxy": "on",
    "public_base_url": "https://proxy.test",
    "nasa_passthrough": "/neo/,/DONKI/,/EPIC/",
}
"""Settings by which every route is served."""

MUTATIONS = int(os.environ.get("MUTATIONS", "200"))
"""How many changed tokens and signatures each property test tries; `make mutations`: 100,000."""


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio, as uvicorn does."""
    return "asyncio"


FIGURES = pytest.StashKey[list[str]]()
PROOFS = pytest.StashKey[Record]()


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Print what has been measured, at the end of the run."""
    return request.config.stash.setdefault(FIGURES, []).append


@pytest.fixture
def proof(request: pytest.FixtureRequest) -> Record:
    """Take down what a proof has shown, for docs/proof.md."""
    return request.config.stash.setdefault(PROOFS, Record())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write down what the proofs have shown, if this is `make proof`."""
    if IS_WHOLE and (record := session.config.stash.get(PROOFS, None)):
        record.write(Path(os.environ["PROOF"]))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the figures."""
    figures = terminalreporter.config.stash.get(FIGURES, [])
    if figures:
        terminalreporter.section("figures")
        for line in figures:
            terminalreporter.line(line)


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no variable of the machine reach the settings, nor a proxy of its the requests."""
    for name in os.environ:
        ours = name.startswith(environment.OWN_PREFIXES) or name in settings.variables()
        if ours or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask again at once what is asked again."""
    monkeypatch.setattr(retry, "PAUSE_SECONDS", 0)


@pytest.fixture
def clock() -> SettableClock:
    """Stand at noon, UTC, on the day of these facts."""
    return SettableClock(datetime(2026, 11, 23, 12, tzinfo=UTC))


@pytest.fixture
def nasa(clock: SettableClock) -> StandIn:
    """Stand in for NASA."""
    return StandIn(keys={NASA_KEY}, clock=clock)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """Be a Redis of one's own."""
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def verifier(clock: SettableClock) -> TokenVerifier:
    """Verify tokens of the tests' one secret."""
    return TokenVerifier(keys(), clock=clock)


@pytest.fixture
def requests(clock: SettableClock) -> RequestVerifier:
    """Verify whole requests, which need nothing but a token."""
    return RequestVerifier(keys(), Policy(), clock=clock)


@pytest.fixture
def token(clock: SettableClock) -> str:
    """Be a genuine app's token."""
    return mint(SECRET, now=clock.now)


@pytest.fixture
async def client(
    nasa: StandIn, clock: SettableClock, token: str
) -> AsyncIterator[httpx.AsyncClient]:
    """Be a genuine app, asking the whole application with the stand-in behind it."""
    async with asking(nasa, clock) as client:
        client.headers["Approov-Token"] = token
        yield client


@asynccontextmanager
async def asking(
    nasa: StandIn | httpx.AsyncBaseTransport,
    clock: SettableClock,
    app_settings: Settings | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """Start the application on *nasa* and give a client that has no token."""
    upstream = nasa if isinstance(nasa, httpx.AsyncBaseTransport) else httpx.ASGITransport(nasa)
    app = create_app(app_settings or make_settings(), clock=clock, transport=upstream)
    async with LifespanManager(app) as manager:
        transport = httpx.ASGITransport(manager.app)
        async with httpx.AsyncClient(transport=transport, base_url="https://proxy.test") as client:
            yield client


def make_settings(**changes: object) -> Settings:
    """Give a whole configuration, with *changes*."""
    secret = base64.b64encode(SECRET).decode()
    values = {"approov_base64_secret": secret, "nasa_api_key": NASA_KEY, **changes}
    urls = {"nasa_api_base_url": NASA_URL, "nasa_science_base_url": NASA_URL}
    limits = {"rate_limit_device": "100000/minute", "rate_limit_rejected": "100000/minute"}
    values = {**urls, **limits, "apod_warm_days": 0, **values}
    return Settings.model_validate({name.upper(): value for name, value in values.items()})


def keys() -> KeyRing:
    """Give the tests' one secret."""
    return KeyRing((HmacKey(SECRET),))
