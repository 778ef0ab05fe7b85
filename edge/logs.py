"""Structured logs on stdout, one line an event. The only module that imports `structlog`.

What may be in a line is the business of `edge.log_fields`, and how it reaches stdout that of
`edge.log_output`. Of libraries nothing below a warning is heard: at debug some print bodies.
"""

import asyncio
import atexit
import logging
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
import structlog

from edge.log_fields import (
    FIELDS,
    Event,
    keep_allowed_fields,
    leave_out_values,
    summarize_exception,
)
from edge.log_output import LogOutput

LogFormat = Literal["json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]
LIBRARIES_FROM = logging.WARNING
"""What libraries have to reach to be heard, whatever LOG_LEVEL says: botocore, for one, prints the
secrets that it gets at DEBUG."""

QUIET_LOGGERS = {
    "httpx": logging.CRITICAL,  # prints whole URLs
    "httpcore": logging.CRITICAL,  # prints headers
    "uvicorn.access": logging.CRITICAL,  # prints query strings
    "opentelemetry": logging.CRITICAL,  # quotes what collectors answer
    "uvicorn.error": logging.ERROR,  # warns of each malformed request: anybody can make some
}
"""What these have to reach."""


LINE_FORM = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_APPEND_NEWLINE

TOGETHER_SECONDS, TOGETHER_LINES = 0.05, 500
"""How long a closing line may wait for others to be written with, and for how many."""

RECORD_SECONDS = 1.0
"""For a line of the audit trail to be written."""


class ClosingLines:
    """Writes requests' closing lines, of which each request costs one: without what others need.

    They reach stdout together. Any other line takes with it what came before.
    """

    def __init__(self) -> None:
        """Begin where `configure` has not said how."""
        self._renderer: object = None
        self._waiting: list[bytes] = []
        self._lock = threading.Lock()  # libraries log from threads, which flushes

    def begin(self, renderer: object) -> None:
        """Write for as long as `structlog` ends with that *renderer*, which writes as we do."""
        self._renderer = renderer

    def write(self, fields: Mapping[str, object]) -> None:
        """Write one line, of *fields* alone; one that cannot be written is lost."""
        if structlog.get_config()["processors"][-1] is not self._renderer:
            log("info", "request", **fields)
            return
        line = {key: fields[key] for key in fields if key in FIELDS and fields[key] is not None}
        line |= {"event": "request", "level": "info", "timestamp": datetime.now(UTC)}
        try:
            text = _dumped(line, str, LINE_FORM)
        except ValueError:
            return
        with self._lock:
            self._waiting.append(text)
            count = len(self._waiting)
        if count == 1:
            try:
                asyncio.get_running_loop().call_later(TOGETHER_SECONDS, self.flush)
            except RuntimeError:
                self.flush()
        elif count == TOGETHER_LINES:
            self.flush()

    def flush(self) -> None:
        """Let what waits reach stdout."""
        if self._waiting:
            with self._lock:
                waiting, self._waiting = self._waiting, []
            lines = b"".join(waiting)
            if isinstance(sys.stdout, LogOutput):
                sys.stdout.write_bytes(lines)
                return
            with suppress(OSError, ValueError):
                sys.stdout.write(lines.decode())
                sys.stdout.flush()


_closing_lines = ClosingLines()


class _Handler(logging.StreamHandler[Any]):
    """Writes lines of libraries, after those of ours that wait."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one."""
        _closing_lines.flush()
        super().emit(record)


def hold_nobody_up(*, is_shared: bool) -> None:
    """Write to stdout by a thread of its own from now on; call `configure` after it.

    Args:
        is_shared: whether other processes write there, too.
    """
    sys.stdout.flush()
    sys.stdout = output = LogOutput(sys.stdout.fileno(), _lines_lost, is_shared=is_shared)
    atexit.register(output.wait)


def _lines_lost(count: int) -> str:
    return _rendered("warning", "lines_lost", detail=str(count)) or ""


def configure(log_format: LogFormat, level: LogLevel) -> None:
    """Send our events and those of the libraries to stdout in one form."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        summarize_exception,
    ]
    renderer: Any = structlog.processors.JSONRenderer(_json)
    if log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty())
    structlog.configure(
        processors=[*shared, keep_allowed_fields, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = _Handler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name, leave_out_values],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                keep_allowed_fields,
                renderer,
            ],
        )
    )
    handler.setLevel(max(threshold, LIBRARIES_FROM))
    logging.basicConfig(handlers=[handler], level=handler.level, force=True)
    logging.captureWarnings(capture=True)
    writes_quickly = log_format == "json" and threshold <= logging.INFO
    _closing_lines.begin(renderer if writes_quickly else None)
    logging.raiseExceptions = False  # a broken stdout would bring a traceback for each line
    for name, least in QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(least)


def log(level: LogLevel, event: str, **fields: object) -> None:
    """Write one line; the fields noted for the request in hand are added.

    A line that cannot be written is lost: that must not cost the request that it is about.
    """
    _closing_lines.flush()
    with suppress(OSError, ValueError):
        getattr(structlog.get_logger(), level)(event, **fields)


def request_ended(**fields: object) -> None:
    """Write the closing line of a request, by *fields* alone: the one line that each request costs.

    The same line as `log` would write, without the machinery that this one does not need.
    """
    _closing_lines.write(fields)


async def written() -> None:
    """Wait until all lines are out, for a second at most."""
    _closing_lines.flush()
    if isinstance(sys.stdout, LogOutput):
        await asyncio.to_thread(sys.stdout.wait)


def noted() -> dict[str, Any]:
    """Give the fields of the request in hand."""
    return structlog.contextvars.get_contextvars()


async def record(event: str, **fields: object) -> None:
    """Write one line for the audit trail, whatever LOG_LEVEL says, and see that it is written.

    Raises:
        OSError, ValueError: it could not be.
    """
    _closing_lines.flush()
    line = _rendered("info", event, **fields)
    if line is None:
        return
    if isinstance(sys.stdout, LogOutput):
        await sys.stdout.write_surely(line, RECORD_SECONDS)
    else:
        sys.stdout.write(line)
        sys.stdout.flush()


def _rendered(level: LogLevel, event: str, **fields: object) -> str | None:
    """Give the text of a line, whatever LOG_LEVEL says; None where a test takes it instead."""
    logger = structlog.wrap_logger(
        structlog.ReturnLogger(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.NOTSET),
    )
    text = getattr(logger, level)(event, **fields)
    return None if text is None else f"{text}\n"


def request_id() -> str | None:
    """Give the id of the request in hand."""
    given = structlog.contextvars.get_contextvars().get("request_id")
    return given if isinstance(given, str) else None


def begin_request(request_id: str) -> None:
    """Start the fields of one request: every line written from here on carries its id."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def note(**fields: str) -> None:
    """Add fields to the lines of the request in hand from here on: its closing one, above all."""
    structlog.contextvars.bind_contextvars(**fields)


def _json(event: Event, default: Callable[[Any], Any]) -> str:
    return _dumped(event, default, orjson.OPT_SORT_KEYS).decode()


def _dumped(event: Event, default: Callable[[Any], Any], form: int) -> bytes:
    """Give *event* as JSON.

    Raises:
        ValueError: it cannot be: half a character is in it, for one, or too large a number.
    """
    try:
        return orjson.dumps(event, default, form)
    except orjson.JSONEncodeError as error:  # a TypeError, as if it were a defect
        raise ValueError(f"{error}") from None
