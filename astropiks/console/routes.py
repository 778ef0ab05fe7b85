"""What the page asks for: headers, verdicts, counters; and its own files."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from astropiks.console.askers import Askers, Who
from astropiks.console.callers import origin_of
from astropiks.console.page import Page
from astropiks.console.pictures import Pictures
from astropiks.console.switchboard import Switchboard
from astropiks.console.verdicts import Verdicts
from attestation.request import HttpRequest
from edge.metrics import Sample
from edge.settings import Settings

STATIC = Path(__file__).parent / "static"

Samples = Callable[[], Sequence[Sample]]
"""Gives what this process has counted."""


class Asking(BaseModel):
    """Whose headers are wanted, and for which request."""

    model_config = ConfigDict(extra="forbid")

    who: Who
    target: str
    recipient: str | None = None


class Sent(BaseModel):
    """A request: what for, and which headers it brings."""

    model_config = ConfigDict(extra="forbid")

    target: str
    headers: dict[str, str]


class Requests:
    """Headers for a request, and what the gate makes of it."""

    def __init__(self, settings: Settings, askers: Askers, verdicts: Verdicts) -> None:
        self._settings = settings
        self._askers = askers
        self._verdicts = verdicts

    async def headers(self, request: Request) -> Response:
        """Answer `POST /console/headers`."""
        try:
            asked = Asking.model_validate_json(await request.body())
        except ValidationError:
            return _unclear("who, target and perhaps recipient")
        url = self._origin(request) + asked.target
        given = self._askers.headers(asked.who, url, asked.recipient)
        return JSONResponse({"headers": given, "token_header": self._settings.approov_header_name})

    async def verdict(self, request: Request) -> Response:
        """Answer `POST /console/verdict`."""
        try:
            sent = Sent.model_validate_json(await request.body())
        except ValidationError:
            return _unclear("target and headers of a request")
        path, _, query = sent.target.partition("?")
        verdict = await self._verdicts.of(
            HttpRequest(
                method="GET",
                origin=self._origin(request),
                path=path,
                query=query or None,
                headers=[
                    (name.lower().encode(), one.encode()) for name, one in sent.headers.items()
                ],
            )
        )
        return JSONResponse(asdict(verdict))

    def _origin(self, request: Request) -> str:
        return self._settings.public_base_url or origin_of(request.scope)


def routes(
    page: Page,
    requests: Requests,
    pictures: Pictures,
    switchboard: Switchboard | None,
    samples: Samples,
) -> list[BaseRoute]:
    """Give every path of the console."""

    def counters(_: Request) -> Response:
        return JSONResponse([sample._asdict() for sample in samples()])

    found: list[BaseRoute] = [
        Route("/", page.show, methods=["GET"]),
        Route("/console/headers", requests.headers, methods=["POST"]),
        Route("/console/verdict", requests.verdict, methods=["POST"]),
        Route("/console/counters", counters, methods=["GET"]),
        Mount("/console/v2", pictures),
        Mount("/console/static", StaticFiles(directory=STATIC)),
    ]
    if switchboard is not None:
        methods = ["GET", "PATCH", "DELETE"]
        found.append(Route("/console/conditions", switchboard.answer, methods=methods))
    return found


def _unclear(wanted: str) -> Response:
    return JSONResponse({"error": f"The body wants a JSON object with {wanted}."}, 400)
