"""A real NGINX with the configuration that users copy, asking at `/attest`."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.gateways.servers import (
    GATEWAYS,
    Application,
    Gateway,
    program,
    protected,
    service,
    started,
)
from tests.gateways.verdicts import Ask, Verdict
from tests.processes import environment, free_port

CANNOT: Mapping[str, Verdict] = {}


@contextmanager
def open_gateway(folder: Path, *, is_bound: bool) -> Iterator[Ask]:
    """Serve, with the service behind."""
    with service(is_bound=is_bound) as host, before(folder, host) as gateway:
        yield gateway.ask


@contextmanager
def before(folder: Path, service: str) -> Iterator[Gateway]:
    """Run NGINX before an application; it asks *service*."""
    nginx = program("nginx")
    application, port = Application(), free_port()
    with protected(application) as host:
        changes = {
            "127.0.0.1:8080": service,
            "127.0.0.1:9000": host,
            "127.0.0.1:8081": f"127.0.0.1:{port}",
            "worker_processes auto": "worker_processes 1",
            # Where it may write, whoever runs the tests.
            "access_log off;": "".join(
                f"{kind}_temp_path {folder}/{kind};\n"
                for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            ),
        }
        text = (GATEWAYS / "nginx" / "nginx.conf").read_text()
        for place, value in changes.items():
            assert text.count(place) == 1
            text = text.replace(place, value)
        (folder / "nginx.conf").write_text(text)
        # As root it would work as somebody who may not write into the tests' folder.
        user = "user root;" if os.geteuid() == 0 else ""
        options = f"daemon off; pid {folder}/nginx.pid; error_log stderr; {user}"
        command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", options]
        with started(command, environment(), folder, port) as here:
            application.requests.clear()
            yield Gateway(here, application)
