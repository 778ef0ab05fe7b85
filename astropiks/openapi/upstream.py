"""How a request ends when NASA is at fault."""

from collections.abc import Iterator

from astropiks.openapi.answers import Answer
from proxy.errors import SourceInvalidError, SourceTimeoutError, SourceUnavailableError
from proxy.problems import problem_of

CASES = {
    "NASA is unusable": (
        SourceInvalidError(""),
        "NASA's answer cannot be used, and nothing is held that could be given instead.",
    ),
    "NASA is away": (
        SourceUnavailableError(""),
        "NASA cannot be asked at present, and nothing is held that could be given instead.",
    ),
    "NASA is slow": (
        SourceTimeoutError(""),
        "NASA did not answer in time, and nothing is held that could be given instead.",
    ),
}


def trouble(path: str) -> Iterator[Answer]:
    """Give 502, 503 and 504 for *path*."""
    for shows, (error, description) in CASES.items():
        yield Answer.of_problem(problem_of(error), path, shows, description)
