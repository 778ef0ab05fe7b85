"""Operations, put together from their parameters and answers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from astropiks.openapi.answers import Answer, responses
from astropiks.openapi.guard import Guard
from astropiks.openapi.schemas import Json
from edge.problems import UNEXPECTED, Problem

_METHOD = HTTPStatus.METHOD_NOT_ALLOWED

WRONG_METHOD = Problem.of_gateway(405, _METHOD.name, _METHOD.description, {"Allow": "GET, HEAD"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One path, and how it answers GET.

    Attributes:
        path: its template.
        name: of the operation, unique.
        tag: the group that it is shown in.
        summary: a few words.
        description: what else there is to know.
        parameters: Parameter Objects.
        answers: how it ends, once it is let through.
        guard: what stands before it; None if it is public.
        security: what it asks for by itself.
        methods: in lower case; all have the same answers.
    """

    path: str
    name: str
    tag: str
    summary: str
    description: str
    answers: Sequence[Answer]
    parameters: Sequence[Json] = ()
    guard: Guard | None = None
    security: Sequence[Json] = ()
    methods: tuple[str, ...] = ("get",)

    def path_item(self) -> Json:
        """Give the Path Item Object."""
        shared = {
            status: {"$ref": f"#/components/responses/{self._shared(status)}"}
            for status in self.responses()
        }
        answered = shared if self.is_shared else self.responses()
        return {method: self._operation(method, answered) for method in self.methods}

    def components(self) -> Json:
        """Give the answers that several operations of this path have, by the name of each."""
        if not self.is_shared:
            return {}
        return {self._shared(status): answer for status, answer in self.responses().items()}

    @property
    def is_shared(self) -> bool:
        """Whether several operations have the same answers."""
        return len(self.methods) > 1

    def responses(self) -> Json:
        """Give the Responses Object."""
        return responses(self._answers())

    def _shared(self, status: str) -> str:
        return f"{self.name}-{status}"

    def _operation(self, method: str, answered: Json) -> Json:
        name = self.name if method == self.methods[0] else f"{self.name}-{method}"
        return {
            "operationId": name,
            "tags": [self.tag],
            "summary": self.summary,
            "description": self.description,
            **({"parameters": [*self.parameters]} if self.parameters else {}),
            "security": [*(self.guard.security() if self.guard else self.security)],
            "responses": answered,
        }

    def _answers(self) -> Iterable[Answer]:
        path = self.example_path()
        own = [*self.answers]
        if not self.is_shared:
            text = "Only GET and HEAD are answered."
            own.append(Answer.of_problem(WRONG_METHOD, path, "wrong method", text))
        if self.guard:
            limited = self.guard.limited()
            own = [replace(answer, headers=(*answer.headers, *limited)) for answer in own]
            own += self.guard.answers(path)
        return [*own, Answer.of_problem(UNEXPECTED, path, "defect", "A defect of this service.")]

    def example_path(self) -> str:
        """Give the path with its parameters' first examples."""
        return fill(self.path, self.parameters)


def fill(template: str, parameters: Iterable[Json]) -> str:
    """Put the first example of each path parameter into its place."""
    path = template
    for parameter in parameters:
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", str(first_example(parameter)))
    return path


def first_example(parameter: Json) -> object:
    """Give the value that a parameter is first shown with."""
    examples = parameter["examples"]
    assert isinstance(examples, dict)  # noqa: S101  (all are written in this package)
    return next(iter(examples.values()))["value"]
