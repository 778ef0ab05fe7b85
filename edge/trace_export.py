"""Brings spans to an OpenTelemetry collector, and says how many did not get there.

Imported only where traces are sent. Whatever the collector does, no request waits for it, and the
end of the service does so for a few seconds at most.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Tracer

from edge import logs, metrics

QUEUE, BATCH, DELAY_MS = 2048, 512, 5000
"""How many spans wait at most, go together, and how long: OpenTelemetry's defaults."""

EXPORT_SECONDS = 3.0
"""For one batch in all: a collector that answers a byte at a time has no longer."""

SHUTDOWN_SECONDS = 4.0
"""For all that is left when the service ends."""


class Account:
    """How many spans have ended, and what has become of them."""

    def __init__(self) -> None:
        self.ended = self.handed = self.delivered = 0
        self._dropped = self._told = 0

    def newly_lost(self, waiting: int) -> int:
        """Give how many more are lost, if at most so many are *waiting*, and take them as told.

        Where fewer wait, some that found no room are told later. Their number is never taken to be
        less again as the queue drains: the next to be lost would not be told.
        """
        self._dropped = max(self._dropped, self.ended - self.handed - waiting)
        lost = max(0, self.handed - self.delivered + self._dropped - self._told)
        self._told += lost
        return lost


class BoundedExporter(SpanExporter):
    """Gives each batch `EXPORT_SECONDS`, and *tells* of those that did not get there."""

    def __init__(
        self, exporter: SpanExporter, account: Account, tell: Callable[[int], None]
    ) -> None:
        self._exporter, self._account, self._tell = exporter, account, tell
        self._attempt: threading.Thread | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Hand over a batch. While an earlier one still hangs, the next are lost."""
        account, results = self._account, list[SpanExportResult]()
        account.handed += len(spans)
        if self._attempt is None or not self._attempt.is_alive():

            def attempt() -> None:
                results.append(self._exporter.export(spans))

            self._attempt = threading.Thread(target=attempt, daemon=True)
            self._attempt.start()
            self._attempt.join(EXPORT_SECONDS)
        if results == [SpanExportResult.SUCCESS]:
            account.delivered += len(spans)
        if lost := account.newly_lost(QUEUE):
            self._tell(lost)
        return results[0] if results else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Let go of the collector."""
        self._exporter.shutdown()


class CountedProcessor(BatchSpanProcessor):
    """Counts spans as they end: those that find no room are lost without a word."""

    def __init__(self, exporter: BoundedExporter, account: Account) -> None:
        super().__init__(exporter, QUEUE, DELAY_MS, BATCH)
        self._account = account

    def on_end(self, span: ReadableSpan) -> None:
        """Take a span."""
        if span.context is not None and span.context.trace_flags.sampled:
            self._account.ended += 1
        super().on_end(span)


def prepared(endpoint: str, version: str) -> tuple[TracerProvider, OTLPSpanExporter]:
    """Make what OpenTelemetry's own variables have a say in. Nothing is sent yet.

    Raises:
        Exception: of any kind: one of these variables is not as OpenTelemetry wants it.
    """
    ours = Resource({"service.name": "astropiks", "service.version": version})
    resource = ours.merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    return provider, OTLPSpanExporter(f"{endpoint}/v1/traces", timeout=EXPORT_SECONDS)


@asynccontextmanager
async def exported(endpoint: str, version: str) -> AsyncIterator[Tracer]:
    """Give a tracer whose spans go to the collector at *endpoint*, a base URL."""
    provider, exporter = prepared(endpoint, version)
    loop, account = asyncio.get_running_loop(), Account()

    def tell_from_thread(lost: int) -> None:
        with suppress(RuntimeError):  # the loop has ended before the collector's answer
            loop.call_soon_threadsafe(_tell, lost)

    bounded = BoundedExporter(exporter, account, tell_from_thread)
    provider.add_span_processor(CountedProcessor(bounded, account))
    try:
        yield provider.get_tracer("astropiks", version)
    finally:
        await _shut_down(provider)
        _tell(account.newly_lost(0))


async def _shut_down(provider: TracerProvider) -> None:
    """Send what is left, for a while. The thread ends with the process, whatever it waits for."""
    loop, is_over = asyncio.get_running_loop(), asyncio.Event()

    def shut_down() -> None:
        provider.shutdown()
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(is_over.set)

    threading.Thread(target=shut_down, daemon=True).start()
    with suppress(TimeoutError):
        await asyncio.wait_for(is_over.wait(), SHUTDOWN_SECONDS)


def _tell(lost: int) -> None:
    if lost:
        metrics.count_lost_spans(lost)
        logs.log("warning", "traces_lost", detail=f"{lost}")
