"""The addresses to listen on: whether they can be had here, or who has them."""

import http.client
from collections.abc import Iterator

from astropiks.doctor.finding import Finding, failed, ok
from astropiks.doctor.surroundings import Surroundings
from astropiks.server import ListenError, listen
from edge.health import PATHS
from edge.settings import Settings

ASK_SECONDS = 2.0

EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104


def listening(settings: Settings, here: Surroundings) -> Iterator[Finding]:
    """Try each address, unless the settings are another machine's."""
    if here.env_file is not None:
        return
    yield from _tried("PORT", "HOST", settings.host, settings.port)
    if settings.metrics_port is not None:
        host = settings.metrics_host or settings.host
        yield from _tried("METRICS_PORT", "METRICS_HOST", host, settings.metrics_port)


def _tried(port_name: str, host_name: str, host: str, port: int) -> Iterator[Finding]:
    try:
        listen(host, port).close()
    except ListenError as error:
        if port_name == "PORT" and _is_ours(host, port):
            yield ok(port_name, f"{port} is taken, by a service that runs here already.")
            return
        advice = f"Set {port_name} and {host_name} to an address of this machine that is free."
        yield failed(port_name, f"{error} `serve` would not start.", advice)


def _is_ours(host: str, port: int) -> bool:
    """Tell whether what listens there answers as this service does."""
    near = "127.0.0.1" if host in EVERYWHERE else host
    connection = http.client.HTTPConnection(near, port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", PATHS[0])
        answer = connection.getresponse()
        return answer.status == http.client.OK and answer.read(10) == b"ok\n"
    except (OSError, UnicodeError, http.client.HTTPException):
        return False
    finally:
        connection.close()
