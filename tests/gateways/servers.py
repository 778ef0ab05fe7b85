"""What stands round a gateway that is a server of its own: whom it asks, and what it protects."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from astropiks.apps import create_app
from astropiks.server import serving
from tests.conftest import make_settings
from tests.gateways.asgi import send
from tests.gateways.verdicts import Fields, Verdict
from tests.processes import PATH, ROOT, running, wait_for

GATEWAYS = ROOT / "gateways"

STATUS: Mapping[int, Verdict] = {200: "accepted", 401: "missing", 403: "invalid", 400: "refused"}
"""NGINX refuses by itself, as no HTTP, what has two Authorization headers."""


@dataclass
class Application:
    """What is protected: it answers everything, and remembers what got to it.

    Attributes:
        requests: their headers, names in lower case.
        status: of its answers.
    """

    requests: list[Mapping[str, list[str]]] = field(default_factory=list)
    status: int = 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if scope["type"] != "http":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            return
        request = Request(scope, receive)
        await request.body()  # an answer before its end would cut the connection
        headers = request.headers
        self.requests.append({name: headers.getlist(name) for name in headers})
        await Response("protected\n", self.status)(scope, receive, send)


@dataclass(frozen=True, slots=True)
class Gateway:
    """A server before an application.

    Attributes:
        host: where it listens.
        application: what it protects.
    """

    host: str
    application: Application

    def ask(self, fields: Fields, *, method: str = "GET", target: str = "/x?y=z") -> Verdict:
        """Send it a request, and say what became of it."""
        return STATUS[send(self.host, fields, method, target)]


def program(name: str) -> str:
    """Give a server's program, or skip the test."""
    found = shutil.which(name, path=os.pathsep.join([PATH, "/usr/sbin", "/usr/local/sbin"]))
    if found is None:
        pytest.skip(f"NO {name.upper()} HERE: install {name} to have its configuration tested")
    return found


@contextmanager
def protected(application: Application) -> Iterator[str]:
    """Serve it, and give its address."""
    with serving(application) as url:
        yield url.removeprefix("http://")


@contextmanager
def service(*, is_bound: bool = False, **changes: object) -> Iterator[str]:
    """Serve what gateways on this machine ask, and give its address."""
    if is_bound:
        changes["approov_binding_headers"] = "Authorization"
    settings = make_settings(
        services="secrets",
        approov_status_invalid="403",
        attest_callers="127.0.0.1",
        forwarded_allow_ips="127.0.0.1",
        **changes,
    )
    with serving(create_app(settings)) as url:
        yield url.removeprefix("http://")


@contextmanager
def started(
    command: Sequence[str], env: Mapping[str, str], folder: Path, port: int
) -> Iterator[str]:
    """Run a server until it listens on *port*, and give its address."""
    output = folder / f"output-{port}"
    with running(command, env, folder, output) as process:
        wait_for(port, process, output)
        yield f"127.0.0.1:{port}"
