"""One envelope for every error, readable by three kinds of client at once.

It is `application/problem+json` (RFC 9457) and carries besides what NASA itself would have sent,
because that is what apps already parse: `code msg service_version` where NASA's APOD backend
would speak, `error {code message}` where the gateway in front of it would.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ExceptionHandler


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One answer that is an error.

    Attributes:
        status: HTTP status code.
        detail: what is wrong and what to do, for the person who reads it.
        nasa: the members of NASA's own error body.
        headers: further response headers.
    """

    status: int
    detail: str
    nasa: Mapping[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_backend(cls, status: int, msg: str) -> "Problem":
        """Speak as NASA's APOD backend, with its exact text in *msg*."""
        nasa = {"code": status, "msg": msg, "service_version": "v1"}
        return cls(status=status, detail=msg, nasa=nasa)

    @classmethod
    def of_gateway(
        cls, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> "Problem":
        """Speak as the gateway in front of NASA's APIs; its clients rely on *code*."""
        nasa = {"error": {"code": code, "message": message}}
        return cls(status=status, detail=message, nasa=nasa, headers=headers or {})

    def response(self, path: str) -> Response:
        """Render for a request; its decoded *path*, without the query, is the `instance`."""
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            "instance": quote(path),
            **self.nasa,
        }
        return Response(
            json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n",
            self.status,
            {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **self.headers},
            "application/problem+json",
        )


NOT_FOUND = Problem.of_gateway(404, "NOT_FOUND", "The requested URL was not found on this server.")

UNEXPECTED = Problem.of_gateway(
    500,
    "INTERNAL_SERVER_ERROR",
    "An unexpected error has occurred. Report it with the value of the X-Request-ID header.",
)


def exception_handlers() -> Mapping[Any, ExceptionHandler]:
    """Handlers by which a Starlette application answers in the envelope."""
    return {HTTPException: _on_http_exception, Exception: _on_exception}


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  (the table above says so)
    if error.status_code == 404:
        return NOT_FOUND.response(request.scope["path"])
    status = HTTPStatus(error.status_code)
    problem = Problem.of_gateway(error.status_code, status.name, status.description, error.headers)
    return problem.response(request.scope["path"])


async def _on_exception(request: Request, _: Exception) -> Response:
    return UNEXPECTED.response(request.scope["path"])
