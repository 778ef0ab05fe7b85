"""Lambda, as far as a function sees it: its runtime API, and AWS's own client of that.

The function runs from its unpacked zip file, in a process that has nothing else but the standard
library and what Lambda's runtime brings.
"""

import json
import os
import queue
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest

from gateways.aws_lambda import package
from tests.processes import running

HANDLER = "gateways.aws_lambda.handler.handle"
SECONDS = 30

OF_THE_RUNTIME = [
    "awslambdaric", "simplejson", "snapshot-restore-py",
    "boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "six", "urllib3",
]  # fmt: skip
"""The client, and boto3, each with what it needs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call.

    Attributes:
        answer: what the function returned.
        error: what it raised, as Lambda tells it.
    """

    answer: Any = None
    error: Mapping[str, Any] | None = None


Invoke = Callable[[object], Outcome]


class RuntimeApi(ThreadingHTTPServer):
    """Hands events to the function, one after another, and takes what comes of them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Exchange)
        self.events: queue.Queue[bytes] = queue.Queue()
        self.outcomes: queue.Queue[Outcome] = queue.Queue()

    def invoke(self, event: object) -> Outcome:
        """Call the function."""
        self.events.put(json.dumps(event).encode())
        return self.outcomes.get(timeout=SECONDS)


class _Exchange(BaseHTTPRequestHandler):
    server: RuntimeApi
    protocol_version = "HTTP/1.1"
    # Head and body leave together, or the body waits 40 ms for the head to be acknowledged.
    wbufsize = -1

    def do_GET(self) -> None:
        event = self.server.events.get()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", "1")
        self.send_header("Lambda-Runtime-Deadline-Ms", "9999999999999")
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:x:1:function:f")
        self._send(event)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_answer = self.path.endswith("/response")
        self.server.outcomes.put(Outcome(answer=body) if is_answer else Outcome(error=body))
        self.send_response(202)
        self._send(b"{}")

    def _send(self, body: bytes) -> None:
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def function(folder: Path, **variables: str) -> Iterator[Invoke]:
    """Run the function with these variables; what it logs is in `log_of` the folder."""
    pytest.importorskip("awslambdaric", reason="AWS's runtime interface client is for Linux")
    task, runtime = folder / "task", folder / "runtime"
    package.write(folder / "authorizer.zip")
    with zipfile.ZipFile(folder / "authorizer.zip") as archive:
        archive.extractall(task)
    _link(runtime)
    api = RuntimeApi()
    threading.Thread(target=api.serve_forever, daemon=True).start()
    env = {
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api.server_port}",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "LAMBDA_TASK_ROOT": str(task),
        "PYTHONPATH": os.pathsep.join([str(task), str(runtime)]),
        "PYTHONUNBUFFERED": "1",
        **variables,
    }
    # -S: without the packages of this very environment.
    command = [sys.executable, "-S", "-m", "awslambdaric", HANDLER]
    try:
        with running(command, env, folder, folder / "log") as process:
            try:
                yield api.invoke
            finally:
                # It waits for events in a way that no interrupt ends.
                process.kill()
    finally:
        api.shutdown()
        api.server_close()


def log_of(folder: Path) -> str:
    """Give what the function has logged."""
    return (folder / "log").read_text()


def _link(folder: Path) -> None:
    """Put what Lambda's runtime brings into a folder of its own."""
    folder.mkdir()
    for name in OF_THE_RUNTIME:
        found = distribution(name)
        for top in {Path(file.parts[0]) for file in found.files or () if file.parts[0] != ".."}:
            if not top.name.endswith(".dist-info") and top.name != "__pycache__":
                (folder / top).symlink_to(Path(str(found.locate_file(top))))
