"""What may be in a line of the log, by an allow-list, and what is made of everything else.

An exception is logged as its type and the places it went through: its text is left out, since it
may quote a URL, a header or a token. Of what a library says the first line is kept, without the
values that it has handed to `logging`. What it has put into the text itself stays, but for warnings
by Python: of these, place and category are kept.
"""

import re
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

Event = MutableMapping[str, Any]

FIELDS = frozenset(
    {
        "timestamp", "level", "event", "logger", "request_id",
        "method", "route", "status", "duration_ms", "reason", "detail", "cache",
        "trace_id", "source", "outcome", "services", "listen", "exception", "at",
        "secret", "version", "device", "address", "sealed",
    }
)  # fmt: skip
"""Every field that a line may have. Add one here when you log it, and ask what it can reveal."""

ROOT = Path(__file__).resolve().parents[1]

CALLBACK = re.compile(r"(?<=^Exception in callback) .*")
"""By asyncio, with the values it was called with."""

WARNING = re.compile(r".+?:\d+: \w+(?=:)")
"""How Python begins a warning: with its place and category. Its text comes after."""


def summarize_exception(_: Any, __: str, event: Event) -> Event:  # noqa: ANN401
    """Replace an exception by its type and the places of our own that it went through."""
    error = event.pop("exc_info", None)
    if isinstance(error, tuple):
        error = error[1]
    elif error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"], event["at"] = summary(error)
    return event


def summary(error: BaseException) -> tuple[str, list[str]]:
    """Give the type of an exception, and the places of our own that it went through."""
    files = [
        (Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(error.__traceback__)
    ]
    places = [
        f"{file.relative_to(ROOT)}:{line}"
        for file, line in files
        if file.is_relative_to(ROOT) and "site-packages" not in file.parts
    ]
    return type(error).__name__, places


def leave_out_values(_: Any, __: str, event: Event) -> Event:  # noqa: ANN401
    """Let a library's line be the first line of its text, without what `logging` would put into it.

    Python has put values into its warnings by then, so that no text of theirs is kept. asyncio adds
    what its objects look like, of exceptions their texts.
    """
    record = event["_record"]
    text = record.msg
    if not isinstance(text, str):
        text = type(text).__name__
    elif record.name == "py.warnings":
        place = WARNING.match(text)
        text = place[0] if place else "a warning, left out"
    elif "Traceback (most recent call last)" in text:
        text = "a library's traceback, left out"
    event["event"] = CALLBACK.sub("", text.partition("\n")[0])
    return event


def keep_allowed_fields(_: Any, __: str, event: Event) -> Event:  # noqa: ANN401
    """Drop whatever is empty or not in `FIELDS`."""
    return {key: value for key, value in event.items() if key in FIELDS and value is not None}
