"""Traces, as a collector gets them."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from astropiks.apps import create_app
from edge.settings import Settings
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import asking, make_settings

APOD = "/planetary/apod?date=2021-10-12&api_key=client-key"
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


class Collector(ThreadingHTTPServer):
    """A collector that keeps what it gets."""

    status = 200

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taker)
        self.bodies: list[bytes] = []
        self.paths: set[str] = set()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def spans(self) -> list[dict[str, str]]:
        """Give every span: its name, trace, parent, and attributes."""
        found = []
        for body in self.bodies:
            request = ExportTraceServiceRequest.FromString(body)
            for resource in request.resource_spans:
                who = {one.key: one.value.string_value for one in resource.resource.attributes}
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        told = {
                            one.key: one.value.string_value or str(one.value.int_value)
                            for one in span.attributes
                        }
                        ids = {
                            "name": span.name,
                            "trace": span.trace_id.hex(),
                            "id": span.span_id.hex(),
                            "parent": span.parent_span_id.hex(),
                        }
                        found.append({**who, **told, **ids})
        return found


class _Taker(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        """Take spans."""
        self.server.paths.add(self.path)
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector."""
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Be a collector."""
    with collecting() as server:
        yield server


def settings(collector: Collector, **changes: object) -> Settings:
    """Give a configuration that sends traces."""
    return make_settings(otel_exporter_otlp_endpoint=collector.url, **changes)


async def test_a_request_and_its_call(
    collector: Collector, nasa: StandIn, clock: SettableClock, token: str
) -> None:
    """A request is a span with its route and status, and each call of NASA is one within it."""
    async with asking(nasa, clock, settings(collector)) as client:
        await client.get(APOD, headers={"Approov-Token": token, "Traceparent": TRACEPARENT})
    (request,) = [one for one in collector.spans() if one["name"] == "GET /planetary/apod"]
    (call,) = [one for one in collector.spans() if one["name"] == "NASA legacy"]
    assert collector.paths == {"/v1/traces"}
    assert request["service.name"] == "astropiks"
    assert request["http.response.status_code"] == "200"
    assert (request["trace"], request["parent"]) == (TRACE, "b7ad6b7169203331")
    assert (call["trace"], call["parent"]) == (TRACE, request["id"])
    assert call["astropiks.outcome"] == "answered"


async def test_nothing_is_given_away(
    collector: Collector, nasa: StandIn, clock: SettableClock, token: str
) -> None:
    """No query, token, key or date is in what the collector gets; NASA sees no trace of it."""
    async with asking(nasa, clock, settings(collector)) as client:
        await client.get(APOD, headers={"Approov-Token": token, "Traceparent": TRACEPARENT})
        await client.get("/secret-path-of-somebody", headers={"Approov-Token": token})
    everything = b"".join(collector.bodies)
    marks = [token, "client-key", "2021-10-12", "nasa-key-of-the-tests", "secret-path-of-somebody"]
    assert [mark for mark in marks if mark.encode() in everything] == []
    assert all("traceparent" not in one.headers for one in nasa.requests)


async def test_a_trace_in_the_log(
    collector: Collector,
    nasa: StandIn,
    clock: SettableClock,
    token: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The line of a request names its trace."""
    async with asking(nasa, clock, settings(collector)) as client:
        await client.get(APOD, headers={"Approov-Token": token, "Traceparent": TRACEPARENT})
    assert TRACE in capsys.readouterr().out


@pytest.mark.parametrize("given", [[], ["00-x-y-01"], [TRACEPARENT, TRACEPARENT]])
async def test_odd_traceparent(
    collector: Collector, nasa: StandIn, clock: SettableClock, given: list[str]
) -> None:
    """A trace that is not told clearly begins here."""
    async with asking(nasa, clock, settings(collector)) as client:
        await client.get(APOD, headers=[("Traceparent", one) for one in given])
    (request,) = collector.spans()
    assert (request["trace"] != TRACE, request["parent"]) == (True, "")


async def test_collector_in_trouble(
    collector: Collector,
    nasa: StandIn,
    clock: SettableClock,
    token: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A collector that refuses costs a line in the log, and no request."""
    collector.status = 400
    async with asking(nasa, clock, settings(collector)) as client:
        answer = await client.get(APOD, headers={"Approov-Token": token})
    assert answer.status_code == 200
    assert "traces_lost" in capsys.readouterr().out


def test_no_fast_path(collector: Collector) -> None:
    """Every request leaves a span, so none is answered before there can be one."""
    assert create_app(settings(collector)).fast_path is None
    assert create_app(make_settings()).fast_path is not None


def test_no_traces_no_packages() -> None:
    """A process that sends none does without OpenTelemetry."""
    program = """
import sys
import astropiks.apps
sys.exit(any(name.startswith("opentelemetry") for name in sys.modules))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_packages_are_demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the packages a configuration that wants traces is refused, before anything starts."""
    monkeypatch.setattr("edge.setting_groups.observation.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"requirements-otel\.txt"):
        make_settings(otel_exporter_otlp_endpoint="http://127.0.0.1:4318")
