"""What SIGTERM begins. Whole processes: `tests/machines/test_stopping.py`."""

import asyncio
import json
import os
import signal

import pytest
import structlog

from astropiks.stopping import announced
from edge import logs
from edge.health import Health


async def test_of_no_request(capsys: pytest.CaptureFixture[str]) -> None:
    """A signal comes in the midst of a request; what is said of it is not that request's line."""
    logs.configure("json", "info")
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    health = Health(redis=None)
    try:
        with announced(health):
            logs.begin_request("the-id-of-a-request")
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(100):
                await asyncio.sleep(0)
    finally:
        signal.signal(signal.SIGTERM, before)
        structlog.reset_defaults()
        structlog.contextvars.clear_contextvars()
    (line,) = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
    assert line["event"] == "stopping"
    assert "request_id" not in line
