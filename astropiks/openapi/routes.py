"""`/openapi.json` and `/docs`: made when they are first asked for, and kept."""

import json
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from astropiks.openapi.addresses import DOCUMENT, HEADERS, PAGE
from edge.settings import Settings


class Description:
    """What a process with certain settings serves, told by itself."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """Give both routes. A thread of its own makes what they answer, so nobody else waits."""
        return [
            Route(DOCUMENT, self._show_document, methods=["GET"]),
            Route(PAGE, self._show_page, methods=["GET"]),
        ]

    def _show_document(self, _: Request) -> Response:
        return Response(self._document, headers=HEADERS, media_type="application/json")

    def _show_page(self, _: Request) -> Response:
        body, policy = self._page
        headers = {**HEADERS, "Content-Security-Policy": policy}
        return Response(body, headers=headers, media_type="text/html")

    # What makes them is imported then, too: a process that is never asked does without.

    @cached_property
    def _document(self) -> bytes:
        from astropiks.openapi.document import build  # noqa: PLC0415

        return json.dumps(build(self._settings), separators=(",", ":")).encode() + b"\n"

    @cached_property
    def _page(self) -> tuple[bytes, str]:
        from astropiks.openapi.page import render  # noqa: PLC0415

        document = json.loads(self._document)
        return render(document, in_production=self._settings.in_production)
