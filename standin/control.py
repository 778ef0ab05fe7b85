"""The control address, which only the stand-in has: `/standin/conditions`.

    GET      what is the matter now
    PATCH    set some members of `Conditions`, by a JSON object; each as a whole
    DELETE   all is well again

`GET /standin/requests` gives the last requests that the stand-in was asked, without their queries.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from standin.conditions import Conditions

PREFIX = "/standin/"
CONDITIONS = f"{PREFIX}conditions"

SHOWN = 100


class ConditionError(ValueError):
    """A change that cannot be made; the message says which member is wrong, and how."""


class Seen(Protocol):
    """A request, as far as it is shown."""

    @property
    def method(self) -> str:
        """Its method."""

    @property
    def path(self) -> str:
        """Its path."""


def routes(conditions: Conditions, requests: Callable[[], Sequence[Seen]]) -> list[Route]:
    """Give the routes by which *conditions* are changed."""

    async def switch(request: Request) -> Response:
        try:
            if request.method == "PATCH":
                change(conditions, await request.body())
            elif request.method == "DELETE":
                change(conditions, Conditions().model_dump_json())
        except ConditionError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(conditions.model_dump(mode="json"))

    async def seen(_: Request) -> Response:
        last = requests()[-SHOWN:]
        return JSONResponse([{"method": one.method, "path": one.path} for one in last])

    return [
        Route(CONDITIONS, switch, methods=["GET", "PATCH", "DELETE"]),
        Route(f"{PREFIX}requests", seen, methods=["GET"]),
    ]


def change(conditions: Conditions, text: bytes | str) -> None:
    """Change some members, by a JSON object, in place: whoever holds *conditions* sees it.

    Raises:
        ConditionError: nothing has been changed.
    """
    try:
        changes = Conditions.model_validate_json(text)
    except ValidationError as error:
        faults = (
            f"{'.'.join(map(str, one['loc'])) or 'JSON'}: {one['msg']}" for one in error.errors()
        )
        raise ConditionError("; ".join(faults)) from None
    for name in changes.model_fields_set:
        setattr(conditions, name, getattr(changes, name))


def parse(assignments: Sequence[str]) -> str:
    """Make one JSON object of texts like ``name=JSON``.

    Raises:
        ConditionError: one is of another form.
    """
    members: dict[str, Any] = {}
    for one in assignments:
        name, _, value = one.partition("=")
        try:
            members[name] = json.loads(value)
        except ValueError:
            raise ConditionError(f"{name}: wants NAME=JSON, such as latency_seconds=2") from None
    return json.dumps(members)
