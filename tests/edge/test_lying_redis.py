"""Something that answers as Redis does, but not what it was asked."""

from collections.abc import AsyncIterator

import httpx
import pytest
from structlog.testing import capture_logs

from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import asking, make_settings
from tests.redis_server import lying

REPLIES = {
    "a text": b"$3\r\nabc\r\n",
    "nothing": b"$-1\r\n",
    "a status": b"+OK\r\n",
    "one": b":1\r\n",
    "a negative number": b":-5\r\n",
    "a huge number": b":99999999999999999999\r\n",
    "an empty list": b"*0\r\n",
    "a short list": b"*1\r\n$1\r\nx\r\n",
    "numbers": b"*2\r\n:1\r\n:2\r\n",
    "a nested list": b"*2\r\n*1\r\n:1\r\n*0\r\n",
    "an error": b"-ERR no\r\n",
    "no size": b"$x\r\n",
    "no Redis at all": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


@pytest.fixture(params=[*REPLIES.values()], ids=[*REPLIES])
async def client(
    request: pytest.FixtureRequest, nasa: StandIn, clock: SettableClock
) -> AsyncIterator[httpx.AsyncClient]:
    """Ask a service whose Redis is such a one."""
    with lying(request.param) as url:
        settings = make_settings(
            redis_url=url, rate_limit_device="6/minute", runtime_secrets={"maps-key": "value"}
        )
        async with asking(nasa, clock, settings) as client:
            yield client


async def test_served(client: httpx.AsyncClient, token: str) -> None:
    """It goes on from memory, with limits by process; secrets wait, since nobody puts them down."""
    with capture_logs() as lines:
        bad = await client.get("/planetary/apod")
        client.headers["Approov-Token"] = token
        secret = await client.get("/secrets/maps-key")
        answers = [await client.get("/planetary/apod?date=2021-10-12") for _ in range(6)]
        span = await client.get("/planetary/apod?start_date=2021-10-01&end_date=2021-10-03")
    assert bad.status_code == 401
    assert secret.status_code == 503
    assert [line for line in lines if line["event"] == "secret_delivered"] == []
    assert {answer.status_code for answer in answers[:4]} == {200}
    assert span.status_code in {200, 429}
    assert [line["event"] for line in lines].count("redis_failed") <= 1
    assert not [line for line in lines if line["event"] in {"unexpected", "verification_failure"}]
