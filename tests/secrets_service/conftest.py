"""A catalog in a file, a client that makes keys, and what stands in the log."""

import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from structlog.testing import capture_logs

from astropiks.mint import DEVICE_ID, sign
from secrets_service.sealing import public_text
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import SECRET, asking, make_settings

VALUE = "value-canary-5d1f"


AUDITED = ("secret_delivered", "secret_refused")


class Phone:
    """One app instance, with a key pair of its own."""

    def __init__(self) -> None:
        key = generate_private_key(SECP256R1())
        self.pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.recipient = public_text(key.public_key())


@pytest.fixture
def phone() -> Phone:
    """Be a phone."""
    return Phone()


def token(clock: SettableClock, *, bind: str | None = None, **claims: object) -> str:
    """Make a genuine app's token."""
    pay = {}
    if bind is not None:
        pay["pay"] = base64.b64encode(hashlib.sha256(bind.encode()).digest()).decode()
    members = {"exp": clock.now + 300, "iat": clock.now, "did": DEVICE_ID, **pay, **claims}
    present = {name: value for name, value in members.items() if value is not None}
    return sign({"alg": "HS256", "typ": "JWT"}, present, SECRET)


Serve = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def catalog(tmp_path: Path) -> Path:
    """Be the place of a catalog."""
    return tmp_path / "secrets.toml"


@pytest.fixture
def serve(
    nasa: StandIn, clock: SettableClock, catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> Serve:
    """Serve a catalog to a genuine app."""
    monkeypatch.setenv("MAPS_KEY", VALUE)

    @asynccontextmanager
    async def serving(
        toml: str | None = None, **settings: object
    ) -> AsyncIterator[httpx.AsyncClient]:
        if toml is not None:
            catalog.write_text(toml)  # noqa: ASYNC240
            settings["runtime_secrets_file"] = catalog
        async with asking(nasa, clock, make_settings(**settings)) as client:
            client.headers["Approov-Token"] = token(clock)
            yield client

    return serving


Trail = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def trail() -> Iterator[Trail]:
    """Give the lines of the audit trail."""
    with capture_logs() as events:
        yield lambda: [dict(one) for one in events if one["event"] in AUDITED]
