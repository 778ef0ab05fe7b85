"""Traces, as a collector gets them."""

import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from starlette.types import Receive, Scope, Send

from astropiks.apps import create_app
from edge import trace_export, tracing
from edge.client_address import Routers
from edge.known_paths import KnownPaths
from edge.settings import Settings
from edge.trace_export import Account, BoundedExporter
from edge.tracing import RequestSpans
from standin.app import StandIn
from standin.calendar import SettableClock
from tests.conftest import asking, make_settings
from tests.processes import ASTROPIKS, environment, run

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
                            "links": " ".join(one.trace_id.hex() for one in span.links),
                            "status": str(span.status.code),
                            "events": " ".join(one.name for one in span.events),
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
    trusted = settings(collector, forwarded_allow_ips="127.0.0.1")
    async with asking(nasa, clock, trusted) as client:
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
    trusted = settings(collector, forwarded_allow_ips="127.0.0.1")
    async with asking(nasa, clock, trusted) as client:
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


@contextmanager
def dripping() -> Iterator[str]:
    """Be a collector that answers a byte at a time, and never comes to an end."""
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            with suppress(OSError):
                while not is_over.is_set():
                    connection, _ = listener.accept()
                    threading.Thread(target=answer, args=[connection], daemon=True).start()

        def answer(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not is_over.wait(0.05):
                    connection.sendall(b"a")

        threading.Thread(target=drip, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        is_over.set()
        listener.shutdown(socket.SHUT_RDWR)


async def test_collector_that_drips(
    nasa: StandIn,
    clock: SettableClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A collector that answers without end holds up neither a request nor the service's end."""
    monkeypatch.setattr(trace_export, "EXPORT_SECONDS", 60.0)
    monkeypatch.setattr(trace_export, "SHUTDOWN_SECONDS", 0.2)
    with dripping() as url:
        async with asking(nasa, clock, make_settings(otel_exporter_otlp_endpoint=url)) as client:
            for _ in range(3):
                assert (await client.get(APOD)).status_code == 401
            ends = time.monotonic()
        assert time.monotonic() - ends < 5
    assert re.search(r"traces_lost .*detail=3\b", capsys.readouterr().out)


class Hanging(SpanExporter):
    """An exporter that does not come back before it may."""

    def __init__(self, result: SpanExportResult = SpanExportResult.SUCCESS) -> None:
        self.may = threading.Event()
        self.tried = 0
        self._result = result

    def export(self, _: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hang."""
        self.tried += 1
        self.may.wait()
        return self._result


def test_one_attempt_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch has its time; while it hangs all the same, the next are lost, and it is told."""
    monkeypatch.setattr(trace_export, "EXPORT_SECONDS", 0.01)
    lost: list[int] = []
    hanging = Hanging()
    exporter = BoundedExporter(hanging, Account(), lost.append)
    spans = [ReadableSpan("a"), ReadableSpan("b")]
    assert exporter.export(spans) is SpanExportResult.FAILURE
    assert exporter.export(spans[:1]) is SpanExportResult.FAILURE
    assert (hanging.tried, lost) == (1, [2, 1])
    hanging.may.set()
    monkeypatch.setattr(trace_export, "EXPORT_SECONDS", 60.0)
    while exporter.export(spans) is SpanExportResult.FAILURE:
        pass
    assert hanging.tried == 2


def test_no_room_for_spans() -> None:
    """Spans that found no room are counted as lost, once."""
    account = Account()
    account.ended, account.handed, account.delivered = 2600, 512, 500
    assert account.newly_lost(waiting=2048) == 12 + 40
    assert account.newly_lost(waiting=2048) == 0
    assert account.newly_lost(waiting=0) == 2048


def test_backlog_drains() -> None:
    """What has been told as lost is never taken back, nor set off against what is lost later."""
    account = Account()
    account.ended, account.handed = 4072, 512
    assert account.newly_lost(waiting=2048) == 512 + 1512
    account.handed, account.delivered = 2560, 2048
    assert account.newly_lost(waiting=2048) == 0
    account.ended, account.handed = account.ended + 1512, account.handed + 1512
    assert account.newly_lost(waiting=2048) == 1512


@pytest.mark.parametrize("result", SpanExportResult)
def test_result(result: SpanExportResult) -> None:
    """What the collector made of a batch is what OpenTelemetry is told."""
    hanging = Hanging(result)
    hanging.may.set()
    assert BoundedExporter(hanging, Account(), lambda _: None).export([]) is result


async def test_strangers_trace(collector: Collector, nasa: StandIn, clock: SettableClock) -> None:
    """What a client says of its trace decides nothing here: the span only links to it."""
    not_sampled = f"00-{TRACE}-b7ad6b7169203331-00"
    for everybody in ({}, {"forwarded_allow_ips": "*"}):
        async with asking(nasa, clock, settings(collector, **everybody)) as client:
            await client.get("/livez", headers={"Traceparent": not_sampled})
    for request in collector.spans():
        assert (request["trace"] != TRACE, request["parent"]) == (True, "")
        assert request["links"] == TRACE
    assert len(collector.spans()) == 2


class BrokenError(Exception):
    """Something that must not be quoted."""


async def test_no_exceptions_text(collector: Collector) -> None:
    """A request that breaks leaves a span that says so, by the type of what broke it alone."""

    async def broken(_: Scope, __: Receive, ___: Send) -> None:
        raise BrokenError("token-in-a-text")

    app = RequestSpans(broken, paths=KnownPaths(()), routers=Routers(()))
    scope = {"type": "http", "method": "GET", "path": "/", "scheme": "http", "headers": []}
    async with tracing.opened(collector.url, "1.0"):
        with pytest.raises(BrokenError):
            await app(scope, cast("Receive", None), cast("Send", None))
    (span,) = collector.spans()
    assert (span["events"], span["error.type"], span["status"]) == ("", "BrokenError", "2")
    assert "http.response.status_code" not in span
    assert b"token-in-a-text" not in b"".join(collector.bodies)


@pytest.mark.parametrize("name", ["OTEL_ATTRIBUTE_COUNT_LIMIT", "OTEL_SPAN_LINK_COUNT_LIMIT"])
def test_bad_variable(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """What OpenTelemetry would refuse at the start is told with the other settings, unquoted."""
    monkeypatch.setenv(name, "nonsense")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "harmless")
    with pytest.raises(ValueError, match=rf"OpenTelemetry refuses {name}\. ") as caught:
        make_settings(otel_exporter_otlp_endpoint="http://127.0.0.1:4318")
    assert "nonsense" not in str(caught.value)


def test_unnamed_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """If OpenTelemetry does not say which variable it refuses, all that are set are told."""
    monkeypatch.setenv("OTEL_PYTHON_EXPORTER_OTLP_HTTP_CREDENTIAL_PROVIDER", "nonsense")
    with pytest.raises(ValueError, match=r"one of .*_CREDENTIAL_PROVIDER") as caught:
        make_settings(otel_exporter_otlp_endpoint="http://127.0.0.1:4318")
    assert "nonsense" not in str(caught.value)


@pytest.mark.parametrize("command", ["serve", "doctor"])
def test_headers_not_quoted(tmp_path: Path, command: str) -> None:
    """A collector's key that lacks its header's name is not told by OpenTelemetry's warning."""
    collectors = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9",
        "OTEL_EXPORTER_OTLP_HEADERS": "marker-of-a-key",
    }
    ended = run([*ASTROPIKS, command], environment(**collectors), tmp_path)
    assert (ended.returncode, "NASA_API_KEY" in ended.stdout + ended.stderr) == (2, True)
    assert "marker" not in ended.stdout + ended.stderr
