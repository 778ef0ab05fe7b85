import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.problems import Problem, exception_handlers

PATH = "/planetary/apod é"


def body_of(problem: Problem) -> dict[str, object]:
    """Render *problem* and read its body."""
    body: dict[str, object] = json.loads(bytes(problem.response(PATH).body))
    return body


def test_problem_members() -> None:
    """Every error has the members of RFC 9457."""
    body = body_of(Problem.of_backend(404, "No data"))
    assert body["type"] == "about:blank"
    assert body["title"] == "Not Found"
    assert (body["status"], body["detail"]) == (404, "No data")
    assert body["instance"] == "/planetary/apod%20%C3%A9"


def test_backend_members() -> None:
    """It also has what NASA's backend would send."""
    body = body_of(Problem.of_backend(400, "Bad Request"))
    assert (body["code"], body["msg"], body["service_version"]) == (400, "Bad Request", "v1")


def test_gateway_members() -> None:
    """Or what NASA's gateway would send."""
    body = body_of(Problem.of_gateway(403, "API_KEY_INVALID", "An invalid api_key"))
    assert body["error"] == {"code": "API_KEY_INVALID", "message": "An invalid api_key"}


def test_headers() -> None:
    """An error is never stored, nor taken for another kind of document."""
    headers = Problem.of_gateway(503, "X", "y", {"Retry-After": "7"}).response(PATH).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Retry-After"] == "7"


async def failing(request: Request) -> Response:
    """Fail as the path says."""
    if request.url.path == "/broken":
        raise RuntimeError("marker")
    raise HTTPException(410, headers={"X-Kept": "yes"})


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("POST", "/gone", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/gone", 410, "GONE"),
        ("GET", "/broken", 500, "INTERNAL_SERVER_ERROR"),
    ],
)
async def test_framework_errors(method: str, path: str, status: int, code: str) -> None:
    """What the framework or a defect raises comes in the envelope too, without its text."""
    routes = [Route("/gone", failing), Route("/broken", failing)]
    app = Starlette(routes=routes, exception_handlers=exception_handlers())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://proxy.test") as client:
        answer = await client.request(method, path)
    assert answer.status_code == status
    assert answer.json()["error"]["code"] == code
    assert "marker" not in answer.text


async def test_framework_headers() -> None:
    """Headers that belong to the error stay: which methods a 405 would allow, for one."""
    app = Starlette(routes=[Route("/gone", failing)], exception_handlers=exception_handlers())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        assert (await client.get("https://proxy.test/gone")).headers["X-Kept"] == "yes"
        assert "GET" in (await client.post("https://proxy.test/gone")).headers["Allow"]
