"""Traces for an OpenTelemetry collector, if there is one. The only importer of `opentelemetry`.

A span carries the template of a route, never a path, a query, a header, a token or a device, by the
names of OpenTelemetry's semantic conventions for HTTP. A client's `traceparent` is taken over (W3C
Trace Context, section 3.2); NASA is told nothing of it.
"""
# ruff: noqa: PLC0415  (who sends no traces does without these packages)

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge import logs
from edge.known_paths import KnownPaths

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import Tracer

EXPORT_SECONDS = 3
"""For one attempt, also for the last one, when the service ends."""

TRACEPARENT = b"traceparent"

_tracer: "Tracer | None" = None


@asynccontextmanager
async def opened(endpoint: str | None, version: str) -> AsyncIterator[None]:
    """Send spans to the collector at *endpoint*, a base URL, if there is one.

    `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_EXPORTER_OTLP_HEADERS` and
    `OTEL_TRACES_SAMPLER` mean what OpenTelemetry says.
    """
    global _tracer  # noqa: PLW0603  (as metrics are, spans are one for the whole process)
    if endpoint is None:
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    ours = Resource({"service.name": "astropiks", "service.version": version})
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()))
    exporter = OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=EXPORT_SECONDS)
    loop = asyncio.get_running_loop()

    def tell_of_loss(count: int) -> None:
        loop.call_soon_threadsafe(lambda: logs.log("warning", "traces_lost", detail=f"{count}"))

    provider.add_span_processor(BatchSpanProcessor(_telling(exporter, tell_of_loss)))
    _tracer = provider.get_tracer("astropiks", version)
    try:
        yield
    finally:
        _tracer = None
        await asyncio.to_thread(provider.shutdown)


def _telling(exporter: "SpanExporter", tell: Callable[[int], None]) -> "SpanExporter":
    """Give an exporter that says in one line what OpenTelemetry's own would in many."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Telling(SpanExporter):
        def export(self, spans: "Sequence[ReadableSpan]") -> "SpanExportResult":
            result = exporter.export(spans)
            if result is not SpanExportResult.SUCCESS:
                tell(len(spans))
            return result

        def shutdown(self) -> None:
            exporter.shutdown()

    return Telling()


class RequestSpans:
    """A span for each request, round all that is done for it."""

    def __init__(self, app: ASGIApp, *, paths: KnownPaths) -> None:
        """Wrap *app*; *paths* are those that may be named."""
        self._app = app
        self._paths = paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on."""
        if scope["type"] != "http" or _tracer is None:
            await self._app(scope, receive, send)
            return
        from opentelemetry.trace import SpanKind, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        method, route = scope["method"], self._paths.template(scope["path"]) or "other"
        parent = TraceContextTextMapPropagator().extract(_traceparent(scope))
        with _tracer.start_as_current_span(
            f"{method} {route}",
            parent,
            SpanKind.SERVER,
            {"http.request.method": method, "http.route": route, "url.scheme": scope["scheme"]},
            record_exception=False,  # its text might quote anything
            set_status_on_exception=False,
        ) as span:
            logs.note(trace_id=f"{span.get_span_context().trace_id:032x}")

            async def send_noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    status = message["status"]
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_attribute("error.type", str(status))
                        span.set_status(StatusCode.ERROR)
                await send(message)

            await self._app(scope, receive, send_noted)


@contextmanager
def call_of_nasa(source: str) -> Iterator[Callable[[str], None]]:
    """Give a call of *source* a span, and a function that tells the span of the outcome."""
    if _tracer is None:
        yield lambda _: None
        return
    from opentelemetry.trace import SpanKind, StatusCode

    with _tracer.start_as_current_span(
        f"NASA {source}",
        kind=SpanKind.CLIENT,
        attributes={"astropiks.source": source},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:

        def tell(outcome: str) -> None:
            span.set_attribute("astropiks.outcome", outcome)
            if outcome not in {"answered", "nothing", "cancelled"}:
                span.set_attribute("error.type", outcome)
                span.set_status(StatusCode.ERROR)

        yield tell


def _traceparent(scope: Scope) -> Mapping[str, str]:
    """Give the one header that says which trace a request belongs to."""
    given = [value for name, value in scope["headers"] if name == TRACEPARENT]
    return {"traceparent": given[0].decode("latin-1")} if len(given) == 1 else {}
