"""What SIGTERM does first."""

import asyncio
import json
import signal
from collections.abc import Iterator

import pytest

from astropiks.stopping import announced
from edge import logs
from edge.health import Health


@pytest.fixture
def _server() -> Iterator[None]:
    """Be a server that ends at SIGTERM, and does not here."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    yield
    signal.signal(signal.SIGTERM, before)


@pytest.mark.usefixtures("_server")
async def test_no_request(capsys: pytest.CaptureFixture[str]) -> None:
    """The line that tells of it is of no request, though it comes in the middle of one."""
    logs.configure("json", "info")
    health = Health()
    with announced(health):
        logs.begin_request("of-the-request-in-hand")
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0)
    line = json.loads(capsys.readouterr().out)
    assert (line["event"], health.is_stopping, "request_id" in line) == ("stopping", True, False)
