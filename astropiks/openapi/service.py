"""Attestation for gateways, probes, metrics, and this description itself."""

from collections.abc import Iterator

from astropiks.openapi.answers import Answer
from astropiks.openapi.guard import METRICS, NO_TOKEN, Guard
from astropiks.openapi.operations import Route
from astropiks.openapi.parameters import in_path
from astropiks.openapi.schemas import Json
from edge import attest
from edge.problems import NOT_FOUND, Problem
from edge.settings import Settings

ATTESTATION, OPERATION, DESCRIPTION = "Attestation for gateways", "Operation", "Description"

ANY_METHOD = ("get", "head", "post", "put", "patch", "delete", "options", "trace")

TEXT: Json = {"type": "string"}

NO_METRICS_TOKEN = Problem.of_gateway(
    401,
    "METRICS_TOKEN_REQUIRED",
    "Send METRICS_TOKEN as a bearer token.",
    {"WWW-Authenticate": 'Bearer realm="metrics"'},
)


def attest_routes(settings: Settings) -> Iterator[Route]:
    """Describe both forms of the question."""
    text = (
        "For `auth_request` and its like. By any method. The callers of `ATTEST_CALLERS` are "
        "believed which request they ask about; for others it is this one."
    )
    told = ("X-Attestation-Reason",) if settings.attest_reason == "on" else ()
    answer = Answer(
        status=204,
        description="It does.",
        headers=("Cache-Control", "X-Attestation-Device"),
    )
    guard = Guard(settings, told=told)
    summary = "Whether a request comes from a genuine app"
    yield Route(
        path=attest.PATH,
        name="attest",
        tag=ATTESTATION,
        summary=summary,
        description=text,
        answers=[answer],
        guard=guard,
        methods=ANY_METHOD,
    )
    broken = Answer.of_problem(
        NOT_FOUND,
        f"{attest.PATH}/orders\n7",
        "a line break",
        "There is a line break in the path, which no gateway should pass on.",
    )
    original = in_path("path", "Path of the original request. It may hold slashes.", "orders/7")
    yield Route(
        path=f"{attest.PATH}/{{path}}",
        name="attest-path",
        tag=ATTESTATION,
        summary=f"{summary}, as Envoy asks",
        description=f"{text} What comes after `/attest` is the path of the original request.",
        parameters=[original],
        answers=[answer, broken],
        guard=guard,
        methods=ANY_METHOD,
    )


def probe_routes() -> Iterator[Route]:
    """Describe the probes."""
    headers = ("Cache-Control",)
    yield Route(
        path="/livez",
        name="livez",
        tag=OPERATION,
        summary="Whether the process runs",
        description="Public.",
        answers=[_text(200, "It does.", headers, {"alive": "ok\n"})],
    )
    yield Route(
        path="/readyz",
        name="readyz",
        tag=OPERATION,
        summary="Whether the process is to be sent requests",
        description="Public.",
        answers=[
            _text(
                200,
                "It is; a second line tells if it goes on without Redis.",
                headers,
                {"ready": "ok\n"},
            ),
            _text(503, "It is about to end.", headers, {"stopping": "stopping\n"}),
        ],
    )


def metrics_routes(path: str) -> Iterator[Route]:
    """Describe the metrics, which have a token of their own."""
    kind = "text/plain"
    yield Route(
        path=path,
        name="metrics",
        tag=OPERATION,
        summary="Counters for Prometheus",
        description="In Prometheus' text format.",
        answers=[
            Answer(
                status=200,
                description="The counters.",
                content={kind: TEXT},
                headers=("Cache-Control",),
            ),
            Answer.of_problem(NO_METRICS_TOKEN, path, NO_TOKEN, "Without METRICS_TOKEN."),
        ],
        security=[{METRICS: []}],
    )


def description_routes(document: str, page: str) -> Iterator[Route]:
    """Describe this document and its page."""
    headers = ("Cache-Control", "X-Content-Type-Options")
    yield Route(
        path=document,
        name="openapi",
        tag=DESCRIPTION,
        summary="This document",
        description="Public. OpenAPI 3.1, of what this very process serves.",
        answers=[
            Answer(
                status=200,
                description="The document.",
                content={"application/json": {"type": "object", "required": ["openapi"]}},
                headers=headers,
            )
        ],
    )
    yield Route(
        path=page,
        name="docs",
        tag=DESCRIPTION,
        summary="This document as a page",
        description="Public. It needs nothing from anywhere else.",
        answers=[
            Answer(
                status=200,
                description="The page.",
                content={"text/html": TEXT},
                headers=(*headers, "Content-Security-Policy"),
            )
        ],
    )


def _text(
    status: int, description: str, headers: tuple[str, ...], examples: dict[str, object]
) -> Answer:
    return Answer(
        status=status,
        description=description,
        content={"text/plain": TEXT},
        examples=examples,
        headers=headers,
    )
