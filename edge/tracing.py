"""Traces of requests and of NASA's calls, where a collector takes them (`edge.trace_export`).

A span carries the template of a route, never a path, a query, a header, a token or a device, by the
names of OpenTelemetry's semantic conventions for HTTP. A router's `traceparent` is taken over (W3C
Trace Context, section 3.2): it decides whether a request is traced. Anybody else's is a link to
where the request comes from, and no more. NASA is told nothing of it.
"""
# ruff: noqa: PLC0415  (who sends no traces does without these packages)

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge import logs
from edge.client_address import Routers
from edge.known_paths import KnownPaths

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

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
    from edge.trace_export import exported

    async with exported(endpoint, version) as _tracer:
        try:
            yield
        finally:
            _tracer = None


class RequestSpans:
    """A span for each request, round all that is done for it."""

    def __init__(self, app: ASGIApp, *, paths: KnownPaths, routers: Routers) -> None:
        """Wrap *app*; *paths* are those that may be named, *routers* those that are believed."""
        self._app = app
        self._paths = paths
        self._routers = routers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one connection on."""
        if scope["type"] != "http" or _tracer is None:
            await self._app(scope, receive, send)
            return
        from opentelemetry.context import Context
        from opentelemetry.trace import Link, SpanKind, StatusCode, get_current_span
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        method, route = scope["method"], self._paths.template(scope["path"]) or "other"
        told = TraceContextTextMapPropagator().extract(_traceparent(scope), Context())
        origin = get_current_span(told).get_span_context()
        is_believed = self._routers.include(scope.get("peer", ""))
        with _tracer.start_as_current_span(
            f"{method} {route}",
            told if is_believed else Context(),
            SpanKind.SERVER,
            {"http.request.method": method, "http.route": route, "url.scheme": scope["scheme"]},
            [Link(origin)] if origin.is_valid and not is_believed else (),
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

            try:
                await self._app(scope, receive, send_noted)
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise


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
