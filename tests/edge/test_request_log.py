from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from edge.known_paths import KnownPaths
from edge.request_log import RequestLog

URL = "https://proxy.test/known?api_key=marker"


async def fine(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer."""
    await PlainTextResponse("fine")(scope, receive, send)


async def broken(_: Scope, __: Receive, ___: Send) -> None:
    """Break before the answer."""
    raise ZeroDivisionError("marker")


async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
    """Break after the answer."""
    await fine(scope, receive, send)
    raise ZeroDivisionError("marker")


def asking(app: Any) -> httpx.AsyncClient:  # noqa: ANN401
    """Give a client of *app* with the log round it."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(RequestLog(app, paths=KnownPaths([Route("/known", fine)])))
    )


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    """Collect what is logged."""
    with capture_logs() as events:
        yield events


async def test_line(logged: list[Any]) -> None:
    """Each request leaves one line that says what came of it."""
    async with asking(fine) as client:
        await client.get(URL)
    (line,) = logged
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 200)
    assert line["route"] == "/known"
    assert line["duration_ms"] >= 0


async def test_no_query(logged: list[Any]) -> None:
    """No query string is logged, and no path that the client made up."""
    async with asking(fine) as client:
        await client.get(URL)
        await client.get("https://proxy.test/marker")
    assert logged[1]["route"] == "other"
    assert "marker" not in str(logged)


async def test_request_id() -> None:
    """Each answer carries an id, and no two the same."""
    async with asking(fine) as client:
        answers = [await client.get(URL) for _ in range(2)]
    assert len({answer.headers["X-Request-ID"] for answer in answers}) == 2


async def test_given_request_id() -> None:
    """The id that a router in front has given is kept."""
    async with asking(fine) as client:
        answer = await client.get(URL, headers={"X-Request-ID": "router-4f1c-93a0"})
    assert answer.headers["X-Request-ID"] == "router-4f1c-93a0"


@pytest.mark.parametrize(
    "given", ["", "short", "a" * 65, "with blank", "sémantique-1", "{}<>();'\"--"]
)
async def test_bad_request_id(given: str) -> None:
    """An id that is not one is replaced, not echoed."""
    async with asking(fine) as client:
        answer = await client.get(URL, headers=[(b"X-Request-ID", given.encode())])
    assert len(answer.headers["X-Request-ID"]) == 32


async def test_defect(logged: list[Any]) -> None:
    """A defect is a 500 in the envelope, with the id to report it by."""
    async with asking(broken) as client:
        answer = await client.get(URL)
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "INTERNAL_SERVER_ERROR"
    assert answer.headers["X-Request-ID"]
    assert [line["event"] for line in logged] == ["unexpected", "request"]


async def test_late_defect(logged: list[Any]) -> None:
    """A defect after the answer is logged, and the answer stays as it was sent."""
    async with asking(breaking) as client:
        assert (await client.get(URL)).text == "fine"
    assert [line["event"] for line in logged] == ["unexpected", "request"]
