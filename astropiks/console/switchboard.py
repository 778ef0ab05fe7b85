"""What the stand-in's conditions are called on the page, and how they are changed."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from standin import control
from standin.conditions import Conditions
from standin.faults import Fault

APIS = {
    "legacy": ("api.nasa.gov", "the old API, asked first"),
    "science": ("science.nasa.gov", "the new API, asked where the old one fails"),
    "pictures": ("Picture files", "apod.nasa.gov and assets.science.nasa.gov"),
    "others": ("Other APIs", "those of NASA_PASSTHROUGH"),
}

FAULTS = {
    Fault.PLACEHOLDER: "placeholder: the same for every date",
    Fault.SERVER_ERROR: "500: an internal error",
    Fault.BAD_GATEWAY: "502: an HTML page",
    Fault.UNAVAILABLE: "503: no healthy upstream",
    Fault.GATEWAY_TIMEOUT: "504: an HTML page",
    Fault.OVER_LIMIT: "429: the quota is used up",
    Fault.GONE: "410: gone for good",
    Fault.REDIRECT: "301: moved elsewhere",
    Fault.HTML: "html: a page in place of JSON",
    Fault.EMPTY: "empty: 200 and nothing",
    Fault.TRUNCATED: "truncated: half a record",
    Fault.DROP: "drop: the connection breaks",
    Fault.FLOOD: "flood: gigabytes of blanks",
    Fault.DRIP: "drip: a byte a second",
    Fault.HANG: "hang: no answer at all",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One condition that is typed in.

    Attributes:
        name: member of `Conditions`.
        kind: how the page reads it: `number` or `days`.
        title: its label.
        hint: what it means.
    """

    name: str
    kind: str
    title: str
    hint: str


FIELDS = (
    Field("latency_seconds", "number", "Latency", "seconds that every answer takes"),
    Field("ahead_seconds", "number", "Clock ahead", "seconds; 86400 is tomorrow"),
    Field("missing_days", "days", "Missing days", "not out yet: dates, with commas between"),
    Field("bad_days", "days", "Bad days", "the old API answers 500 for them"),
)


class Switchboard:
    """`/console/conditions`: GET, PATCH and DELETE as `standin.control` has them."""

    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions

    async def answer(self, request: Request) -> Response:
        """Show the conditions, changed if that is asked for; 400 says what cannot be done."""
        try:
            if request.method == "PATCH":
                control.change(self._conditions, await request.body())
            elif request.method == "DELETE":
                control.change(self._conditions, Conditions().model_dump_json())
        except control.ConditionError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(self._conditions.model_dump(mode="json"))
