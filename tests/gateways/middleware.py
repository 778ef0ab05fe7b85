"""The middleware round somebody else's application: the runnable examples, served by uvicorn."""

import sys
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.conftest import SECRET
from tests.gateways.asgi import send
from tests.gateways.verdicts import Ask, Fields, Verdict
from tests.processes import environment, free_port, running, wait_for

CANNOT: Mapping[str, Verdict] = {}

SECRET_TEXT = b64encode(SECRET).decode()

STATUS: Mapping[int, Verdict] = {404: "accepted", 401: "refused"}


@contextmanager
def open_gateway(folder: Path, *, is_bound: bool) -> Iterator[Ask]:
    """Serve the example."""
    module = "with_binding" if is_bound else "with_token"
    with serving(module, folder) as host:

        def ask(fields: Fields, *, method: str = "GET", target: str = "/x?y=z") -> Verdict:
            return STATUS[send(host, fields, method, target)]

        yield ask


@contextmanager
def serving(module: str, folder: Path) -> Iterator[str]:
    """Run one of the examples, and give its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", f"gateways.asgi.{module}:app", "--port", str(port)]
    env = environment(APPROOV_BASE64_SECRET=SECRET_TEXT)
    output = folder / f"output-{port}"
    with running(command, env, folder, output) as process:
        wait_for(port, process, output)
        yield f"127.0.0.1:{port}"
