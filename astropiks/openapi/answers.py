"""Answers of an operation, and the `responses` that they come to."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from astropiks.openapi.headers import HEADERS
from astropiks.openapi.schemas import Json, ref
from edge.problems import Problem

EVERYWHERE = ("X-Request-ID",)
PROBLEM_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One way in which a request ends.

    Attributes:
        status: HTTP status.
        description: when it ends so.
        content: schema of the body by media type; none where there is no body.
        examples: bodies by the name of what they show. Where parameters have examples of the same
            name, those make the request that is answered so.
        headers: names of its headers, besides those that every answer has.
    """

    status: int
    description: str
    content: Mapping[str, Json] = field(default_factory=dict)
    examples: Mapping[str, object] = field(default_factory=dict)
    headers: tuple[str, ...] = ()

    @classmethod
    def of_problem(cls, problem: Problem, path: str, shows: str, description: str = "") -> "Answer":
        """Describe an error by the very object that answers it.

        Args:
            problem: the error.
            path: an address that gets it, for the example.
            shows: name of the example.
            description: when it happens; else its own text says it.
        """
        schema = ref("GatewayProblem" if "error" in problem.nasa else "BackendProblem")
        return cls(
            status=problem.status,
            description=description or problem.detail,
            content={PROBLEM_TYPE: schema},
            examples={shows: json.loads(bytes(problem.response(path).body))},
            headers=("Cache-Control", "X-Content-Type-Options", *problem.headers),
        )


def responses(answers: Iterable[Answer]) -> Json:
    """Give the Responses Object; answers of one status become alternatives."""
    by_status: dict[int, list[Answer]] = {}
    for answer in answers:
        by_status.setdefault(answer.status, []).append(answer)
    return {str(status): _response(by_status[status]) for status in sorted(by_status)}


def _response(answers: list[Answer]) -> Json:
    descriptions = dict.fromkeys(answer.description for answer in answers)
    named = [(*answer.headers, *EVERYWHERE) for answer in answers]
    described: dict[str, object] = {
        "description": " Or: ".join(descriptions),
        "headers": {
            name: _header(name, is_certain=all(name in names for names in named))
            for name in dict.fromkeys(name for names in named for name in names)
        },
    }
    media_types = dict.fromkeys(kind for answer in answers for kind in answer.content)
    if media_types:
        described["content"] = {kind: _media_type(kind, answers) for kind in media_types}
    return described


def _header(name: str, *, is_certain: bool) -> Json:
    if is_certain or not HEADERS[name]["required"]:
        return {"$ref": f"#/components/headers/{name}"}
    return {**HEADERS[name], "required": False}


def _media_type(kind: str, answers: list[Answer]) -> Json:
    """Describe the bodies of one media type; examples are of the first that an answer has."""
    with_it = [answer for answer in answers if kind in answer.content]
    schemas: list[Json] = []
    for answer in with_it:
        if answer.content[kind] not in schemas:
            schemas.append(answer.content[kind])
    examples = {
        name: {"value": value}
        for answer in with_it
        if next(iter(answer.content)) == kind
        for name, value in answer.examples.items()
    }
    schema = schemas[0] if len(schemas) == 1 else {"anyOf": schemas}
    return {"schema": schema, **({"examples": examples} if examples else {})}
