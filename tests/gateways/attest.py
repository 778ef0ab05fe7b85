"""`/attest` itself, asked as NGINX asks it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.gateways.asgi import send
from tests.gateways.servers import service
from tests.gateways.verdicts import Ask, Fields, Verdict

CANNOT: Mapping[str, Verdict] = {}

STATUS: Mapping[int, Verdict] = {204: "accepted", 401: "missing", 403: "invalid"}


@contextmanager
def open_gateway(folder: Path, *, is_bound: bool) -> Iterator[Ask]:  # noqa: ARG001
    """Serve."""
    with service(is_bound=is_bound) as host:

        def ask(fields: Fields, *, method: str = "GET", target: str = "/x?y=z") -> Verdict:
            original = [("X-Original-Method", method), ("X-Original-URI", target)]
            return STATUS[send(host, [*fields, *original], "GET", "/attest")]

        yield ask
