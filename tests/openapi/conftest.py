"""The application with everything on, and whom its description is tried on."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import httpx
import pytest

from astropiks.mint import mint
from edge.settings import Settings
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import EVERYTHING, SECRET, asking, make_settings
from tests.secrets_service.conftest import Phone

METRICS_TOKEN = "metrics-token-of-the-tests-0123456789"

CATALOG = """
[secrets.example.versions.current]
name = "2026-11"
source = "file:{folder}/value"
"""

Ask = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """Be a catalog of one secret."""
    (tmp_path / "value").write_text("a value that make run has made up")
    path = tmp_path / "secrets.toml"
    path.write_text(CATALOG.format(folder=tmp_path))
    return path


@pytest.fixture
def full(catalog: Path) -> Settings:
    """Be settings by which every path is served."""
    return full_settings(runtime_secrets_file=catalog)


def full_settings(**changes: object) -> Settings:
    """Give settings by which every path is served, with *changes*."""
    return make_settings(**{**EVERYTHING, "metrics_token": METRICS_TOKEN, **changes})


@pytest.fixture
def ask(nasa: StandIn, clock: SettableClock, catalog: Path) -> Ask:
    """Serve everything to a genuine app."""

    def asked(
        upstream: httpx.AsyncBaseTransport | None = None, **changes: object
    ) -> AbstractAsyncContextManager[httpx.AsyncClient]:
        settings = full_settings(**{"runtime_secrets_file": catalog, **changes})
        return asking(upstream or nasa, clock, settings)

    return asked


@pytest.fixture
def genuine(clock: SettableClock) -> dict[str, str]:
    """Be the headers of a genuine app, which may ask for the metrics as well."""
    token = mint(SECRET, now=clock.now)
    return {"Approov-Token": token, "Authorization": f"Bearer {METRICS_TOKEN}"}


@pytest.fixture
def phone() -> Phone:
    """Be a phone."""
    return Phone()
