"""Requests that can be sent, taken out of the document.

Examples of parameters that have one name make one request, and the example of an answer that has
the same name is what it gets. Besides, there is one request without parameters of each.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from astropiks.openapi.guard import NO_TOKEN, RECIPIENT

Document = Mapping[str, Any]

PATH_EXAMPLE = "path"

BOUND_VALUE = "example"
"""Stands in each header that tokens are bound to."""

WITHOUT, PLAIN, SEALED = "without parameters", "plain", "sealed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One request.

    Attributes:
        operation: `operationId` of what it asks.
        tag: group of that.
        name: what it shows.
        method: in upper case.
        target: path and query.
        security: names of the security schemes whose headers it needs.
        status: of the answer.
        accepts: media type of that answer; None if it has no body.
    """

    operation: str
    tag: str
    name: str
    method: str
    target: str
    security: tuple[str, ...]
    status: int
    accepts: str | None

    @property
    def title(self) -> str:
        """What it asks and what it shows, in one line."""
        return f"{self.target.partition('?')[0]}: {self.name}"


def samples(document: Document, names: Mapping[str, str] | None = None) -> list[Sample]:
    """Give the requests of *document*, in its order.

    Args:
        document: as `document.build` makes it.
        names: values for parameters of paths, in place of their examples.
    """
    found: list[Sample] = []
    seen: set[str] = set()
    for path, item in document["paths"].items():
        operation = item["get"]
        requests = _of(document, path, operation, names or {})
        # What is the same as at an earlier path is tried once, to see that it is there.
        found += islice(requests, 1) if operation["summary"] in seen else requests
        seen.add(operation["summary"])
    return found


def resolved(document: Document, described: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what *described* points to, if it points anywhere."""
    target: Any = described
    while "$ref" in target:
        steps = target["$ref"].removeprefix("#/").split("/")
        target = document
        for step in steps:
            target = target[step]
    found: Mapping[str, Any] = target
    return found


def _of(
    document: Document, path: str, operation: Mapping[str, Any], names: Mapping[str, str]
) -> Iterator[Sample]:
    parameters = operation.get("parameters", [])
    target = path
    for parameter in parameters:
        if parameter["in"] == "path":
            value = parameter["examples"][PATH_EXAMPLE]["value"]
            target = target.replace(f"{{{parameter['name']}}}", names.get(parameter["name"], value))
    plain, *others = operation["security"] or [{}]
    sealed = next((one for one in others if RECIPIENT in one), None)
    shown = [one for one in parameters if one["in"] == "query" and "examples" in one]
    name = WITHOUT if shown else PLAIN if sealed else operation["summary"]
    yield _sample(document, operation, name, target, plain)
    for name in dict.fromkeys(key for parameter in shown for key in parameter["examples"]):
        given = {
            parameter["name"]: parameter["examples"][name]["value"]
            for parameter in shown
            if name in parameter["examples"]
        }
        yield _sample(document, operation, name, f"{target}?{urlencode(given)}", plain)
    if shown:
        yield _sample(document, operation, NO_TOKEN, target, {})
    if sealed:
        yield _sample(document, operation, SEALED, target, sealed)


def _sample(
    document: Document,
    operation: Mapping[str, Any],
    name: str,
    target: str,
    security: Mapping[str, object],
) -> Sample:
    status, kind = _answered(document, operation, name)
    if RECIPIENT in security:
        kind = "application/jose"
    return Sample(
        operation=operation["operationId"],
        tag=operation["tags"][0],
        name=name,
        method="GET",
        target=target,
        security=tuple(security),
        status=status,
        accepts=kind,
    )


def _answered(
    document: Document, operation: Mapping[str, Any], name: str
) -> tuple[int, str | None]:
    """Give status and media type of the answer that has an example of that name, or of success."""
    answers = {
        int(status): resolved(document, answer).get("content", {})
        for status, answer in operation["responses"].items()
    }
    for status, content in answers.items():
        for kind, body in content.items():
            if name in body.get("examples", {}):
                return status, kind
    status = min(answers)
    return status, next(iter(answers[status]), None)
