"""Requests as an `.http` file, which editors send from where it is open."""

from collections.abc import Iterator, Sequence

from astropiks.openapi.credentials import Credentials
from astropiks.openapi.samples import Document, Sample


def http_file(document: Document, samples: Sequence[Sample], credentials: Credentials) -> str:
    """Write the file: variables, then requests with `###` before each."""
    return "\n".join(_lines(document, samples, credentials))


def _lines(
    document: Document, samples: Sequence[Sample], credentials: Credentials
) -> Iterator[str]:
    variables = credentials.variables()
    yield f"# {document['info']['title']} {document['info']['version']}"
    yield f"# Tokens are good until {credentials.good_until():%Y-%m-%d %H:%M} UTC."
    yield ""
    yield from (f"@{name} = {value}" for name, value in variables.items())
    for sample in samples:
        yield ""
        yield f"### {sample.tag}: {sample.title} ({sample.status})"
        yield f"{sample.method} {{{{baseUrl}}}}{sample.target}"
        for name, value in credentials.headers(sample, variables).items():
            yield f"{name}: {value}"
