"""Runtime secrets."""

from collections.abc import Iterator

from astropiks.openapi.answers import Answer
from astropiks.openapi.guard import Guard
from astropiks.openapi.operations import Route
from astropiks.openapi.parameters import IF_NONE_MATCH, in_path
from astropiks.openapi.schemas import ref
from edge.settings import Settings
from secrets_service.errors import (
    NotForClientError,
    RecipientError,
    SealedOnlyError,
    UndeliverableError,
)
from secrets_service.problems import problem_of

TAG = "Runtime secrets"

EXAMPLE = "example"
"""Name of a secret; those that there are here are for genuine apps alone."""

LISTED = {"name": EXAMPLE, "version": "2026-11", "also_valid": [], "sealed": False}
DELIVERED = {
    "name": EXAMPLE,
    "value": "a value that make run has made up",
    "version": "2026-11",
    "expires_at": "2026-11-24T12:00:00Z",
}

DESCRIPTION = """\
A secret that may be had sealed comes so where the request brings a `Secret-Recipient`; what comes
then is a JWE that only the holder of that key can open, with the same JSON in it. Each delivery is
put on record."""

CASES = {
    "not so": (
        RecipientError(""),
        "`Secret-Recipient` is no key that can be sealed for, or stands there twice.",
    ),
    "sealed only": (SealedOnlyError(""), "This secret is given out sealed only."),
    "no such secret": (
        NotForClientError(""),
        "There is no such secret, or it is not for this client: it is not told which.",
    ),
    "no source": (
        UndeliverableError(""),
        "Its source fails, or its delivery cannot be put on record.",
    ),
}


def routes(settings: Settings) -> Iterator[Route]:
    """Describe the list, and a single one."""
    yield Route(
        path="/secrets",
        name="secrets",
        tag=TAG,
        summary="Names and versions that this client may have",
        description="No values. What is not for this client is not in the list.",
        answers=[
            Answer(
                status=200,
                description="The list; it may be empty.",
                content={"application/json": ref("Secrets")},
                examples={"list": {"secrets": [LISTED]}},
                headers=("Cache-Control",),
            )
        ],
        guard=Guard(settings),
    )
    path = f"/secrets/{EXAMPLE}"
    yield Route(
        path="/secrets/{name}",
        name="secret",
        tag=TAG,
        summary="One secret, plain or sealed",
        description=" ".join(DESCRIPTION.split()),
        parameters=[in_path("name", "One of the names of the list.", EXAMPLE), IF_NONE_MATCH],
        answers=[*_answers(path)],
        guard=Guard(settings, is_sealable=True),
    )


def _answers(path: str) -> Iterator[Answer]:
    headers = ("Cache-Control", "ETag", "Vary")
    yield Answer(
        status=200,
        description="The secret; sealed, if there was a `Secret-Recipient`.",
        content={
            "application/json": ref("Secret"),
            "application/jose": {
                "type": "string",
                "description": "A JWE in compact form (RFC 7516), by ECDH-ES and A256GCM.",
                "pattern": r"^[A-Za-z0-9_-]+\.\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$",
            },
        },
        examples={"secret": DELIVERED},
        headers=headers,
    )
    yield Answer(
        status=304,
        description="It is the version that `If-None-Match` names; no body.",
        headers=headers,
    )
    for shows, (error, description) in CASES.items():
        yield Answer.of_problem(problem_of(error), path, shows, description)
