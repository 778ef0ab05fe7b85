"""The gate itself, round an application that knows nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from astropiks.apps import create_app
from astropiks.server import serving
from tests.conftest import make_settings
from tests.gateways.verdicts import Ask, Fields, Verdict

CANNOT: Mapping[str, Verdict] = {}

STATUS: Mapping[int, Verdict] = {404: "accepted", 401: "missing", 403: "invalid"}


@contextmanager
def open_gateway(folder: Path, *, is_bound: bool) -> Iterator[Ask]:  # noqa: ARG001
    """Serve."""
    changes: dict[str, object] = {"services": "secrets", "approov_status_invalid": "403"}
    if is_bound:
        changes["approov_binding_headers"] = "Authorization"
    with serving(create_app(make_settings(**changes))) as url:
        host = url.removeprefix("http://")

        def ask(fields: Fields, *, method: str = "GET", target: str = "/x?y=z") -> Verdict:
            return STATUS[send(host, fields, method, target)]

        yield ask


def send(host: str, fields: Fields, method: str, target: str) -> int:
    """Send exactly these header fields, in their order, and give the status."""
    connection = HTTPConnection(host, timeout=10)
    try:
        connection.putrequest(method, target)
        for name, value in fields:
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()
