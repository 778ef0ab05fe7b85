"""A real HAProxy with the configuration that users copy, verifying tokens by itself."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import SECRET
from tests.gateways.asgi import send
from tests.gateways.servers import (
    GATEWAYS,
    Application,
    Gateway,
    program,
    protected,
    started,
)
from tests.gateways.verdicts import Ask, Fields, Verdict
from tests.processes import environment, free_port

CANNOT: Mapping[str, Verdict] = {}

STATUS: Mapping[int, Verdict] = {200: "accepted", 401: "refused"}


@contextmanager
def open_gateway(folder: Path, *, is_bound: bool) -> Iterator[Ask]:
    """Serve."""
    variables = {"APPROOV_BASE64_SECRET": b64encode(SECRET).decode()}
    if is_bound:
        variables["APPROOV_BINDING_HEADER"] = "Authorization"
    with before(folder, "haproxy.cfg", **variables) as gateway:

        def ask(fields: Fields, *, method: str = "GET", target: str = "/x?y=z") -> Verdict:
            return STATUS[send(gateway.host, fields, method, target)]

        yield ask


@contextmanager
def before(folder: Path, configuration: str, **variables: str) -> Iterator[Gateway]:
    """Run HAProxy before an application."""
    haproxy = program("haproxy")
    application, port = Application(), free_port()
    with protected(application) as host:
        env = environment(LISTEN=f"127.0.0.1:{port}", APPLICATION=host, **variables)
        command = [haproxy, "-db", "-f", str(GATEWAYS / "haproxy" / configuration)]
        with started(command, env, folder, port) as here:
            application.requests.clear()
            yield Gateway(here, application)
