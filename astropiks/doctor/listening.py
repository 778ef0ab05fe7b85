"""The addresses to listen on: whether they can be had here, or who has them."""

import http.client
from collections.abc import Callable, Iterator

from astropiks.doctor.finding import Finding, failed, ok
from astropiks.doctor.surroundings import Surroundings
from astropiks.server import ListenError, listen
from edge.health import PATHS
from edge.settings import Settings

ASK_SECONDS = 2.0

NEAR = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104
"""Where one asks who listens at every address."""

SERVER = "astropiks"
"""By which METRICS_PORT can be told (`edge.metrics_port`); PORT has no such header."""


def listening(settings: Settings, here: Surroundings) -> Iterator[Finding]:
    """Try each address, unless the settings are another machine's."""
    if here.env_file is not None:
        return

    def serves() -> bool:
        return _is_service(settings.host, settings.port)

    yield from _tried("PORT", "HOST", settings.host, settings.port, serves)
    if settings.metrics_port is not None:
        host, port = settings.metrics_host or settings.host, settings.metrics_port

        def shows() -> bool:
            # That of a service at another PORT would keep this one from starting.
            return serves() and _shows_metrics(host, port)

        yield from _tried("METRICS_PORT", "METRICS_HOST", host, port, shows)


def _tried(
    port_name: str, host_name: str, host: str, port: int, is_ours: Callable[[], bool]
) -> Iterator[Finding]:
    try:
        listen(host, port).close()
    except ListenError as error:
        if is_ours():
            who = "by a service that runs here already: a second one would not start"
            yield ok(port_name, f"{port} is taken, {who}.")
            return
        advice = f"Set {port_name} and {host_name} to an address of this machine that is free."
        yield failed(port_name, f"{error} `serve` would not start.", advice)


def _is_service(host: str, port: int) -> bool:
    """Tell whether what listens there, if anything does, answers as this service does."""
    return _answers(host, port, lambda one: (one.status, one.read(10)) == (200, b"ok\n"))


def _shows_metrics(host: str, port: int) -> bool:
    """Tell whether it answers as METRICS_PORT of this service does."""
    return _answers(host, port, lambda one: one.getheader("Server", "").strip() == SERVER)


def _answers(host: str, port: int, is_right: Callable[[http.client.HTTPResponse], bool]) -> bool:
    connection = http.client.HTTPConnection(NEAR.get(host, host), port, timeout=ASK_SECONDS)
    try:
        connection.request("GET", PATHS[0])
        return is_right(connection.getresponse())
    except (OSError, UnicodeError, http.client.HTTPException):
        return False
    finally:
        connection.close()
