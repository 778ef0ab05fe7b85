"""A real HAProxy with the configuration that users copy, asking at `/attest`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.gateways import haproxy
from tests.gateways.servers import GATEWAYS, Gateway, service
from tests.gateways.verdicts import Ask, Verdict

CANNOT: Mapping[str, Verdict] = {}


@contextmanager
def open_gateway(folder: Path, *, is_bound: bool) -> Iterator[Ask]:
    """Serve, with the service behind."""
    with service(is_bound=is_bound) as host, before(folder, host) as gateway:
        yield gateway.ask


@contextmanager
def before(folder: Path, service: str) -> Iterator[Gateway]:
    """Run HAProxy before an application; it asks *service*."""
    variables = {
        "ATTEST_LUA": str(GATEWAYS / "haproxy" / "attest.lua"),
        "ATTEST_URL": f"http://{service}/attest",
    }
    with haproxy.before(folder, "haproxy-attest.cfg", **variables) as gateway:
        yield gateway
