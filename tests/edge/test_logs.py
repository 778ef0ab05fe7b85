import asyncio
import gc
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from edge import logs


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """Read what was logged as JSON."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.fixture(autouse=True)
def _restored(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Leave logging as it was."""
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", root.handlers[:])
    monkeypatch.setattr(root, "level", root.level)
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def fail() -> None:
    """Raise with a text that must not be logged."""
    raise ValueError("marker")


def test_line(capsys: pytest.CaptureFixture[str]) -> None:
    """An event is one line of JSON with its time, its level and its fields."""
    logs.configure("json", "info")
    logs.log("info", "request", status=200)
    (line,) = lines(capsys)
    assert (line["event"], line["level"], line["status"]) == ("request", "info", 200)
    assert line["timestamp"].endswith("Z")


def test_allow_list(capsys: pytest.CaptureFixture[str]) -> None:
    """A field that nobody has allowed is dropped."""
    logs.configure("json", "info")
    logs.log("info", "request", token="marker", status=None)
    assert lines(capsys)[0].keys() == {"event", "level", "timestamp"}


def test_level(capsys: pytest.CaptureFixture[str]) -> None:
    """What is below LOG_LEVEL is not written."""
    logs.configure("json", "warning")
    logs.log("info", "request")
    assert lines(capsys) == []


def test_request_fields(capsys: pytest.CaptureFixture[str]) -> None:
    """Lines of a request carry its id and what was noted for it; those of the next do not."""
    logs.configure("json", "info")
    logs.begin_request("first")
    logs.note(reason="expired")
    logs.log("info", "request")
    logs.begin_request("second")
    logs.log("info", "request")
    first, second = lines(capsys)
    assert (first["request_id"], first["reason"]) == ("first", "expired")
    assert (second["request_id"], "reason" in second) == ("second", False)


def test_exception(capsys: pytest.CaptureFixture[str]) -> None:
    """An exception is logged as its type and place; its text may be anything and is left out."""
    logs.configure("json", "info")
    try:
        fail()
    except ValueError as error:
        logs.log("error", "unexpected", exc_info=error)
    (line,) = lines(capsys)
    assert line["exception"] == "ValueError"
    assert line["at"][-1].startswith("tests/edge/test_logs.py:")
    assert "marker" not in str(line)


def test_foreign_exception(capsys: pytest.CaptureFixture[str]) -> None:
    """The same holds for what libraries log."""
    logs.configure("json", "info")
    try:
        fail()
    except ValueError:
        logging.getLogger("some.library").exception("broken")
    (line,) = lines(capsys)
    assert (line["event"], line["exception"]) == ("broken", "ValueError")
    assert "marker" not in str(line)


@pytest.mark.parametrize(
    "cause", ["", "KeyError: 'marker'\n\nThis was the direct cause of it:\n\n"]
)
def test_traceback_as_text(capsys: pytest.CaptureFixture[str], cause: str) -> None:
    """Nor does a traceback get in as the text of an event, also one that begins with its cause."""
    logs.configure("json", "info")
    logging.getLogger("some.library").error(cause + "Traceback (most recent call last):\nmarker")  # noqa: G003
    assert "marker" not in capsys.readouterr().out


def test_broken_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line that cannot be written is lost, and costs nothing else."""

    class Broken(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stdout", Broken())
    logs.configure("json", "info")
    logs.log("info", "request")
    logging.getLogger("some.library").error("broken")


@pytest.mark.parametrize("value", ["\ud800", 2**64])
async def test_no_json(capsys: pytest.CaptureFixture[str], value: object) -> None:
    """So is one that cannot be JSON, but for the audit trail, which has to know."""
    logs.configure("json", "info")
    logs.log("info", "request", detail=value)
    logs.request_ended(detail=value)
    with pytest.raises(ValueError, match=r"surrogates|64-bit"):
        await logs.record("secret_given", detail=value)
    assert lines(capsys) == []


@pytest.mark.parametrize("level", ["debug", "info"])
def test_libraries_below_a_warning(
    capsys: pytest.CaptureFixture[str], level: logs.LogLevel
) -> None:
    """LOG_LEVEL is for our lines: botocore prints the secrets that it gets at debug."""
    logs.configure("json", level)
    logging.getLogger("botocore.parsers").debug("Response body:\n%r", b"marker")
    logging.getLogger("some.library").info("marker")
    loud = logging.getLogger("some.loud.library")
    loud.setLevel("DEBUG")
    loud.info("marker")
    assert lines(capsys) == []


def test_values_of_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a library's line there is no value that it gave to logging, object or second line."""
    logs.configure("json", "info")
    library = logging.getLogger("some.library")
    library.error("Error loading: %s", "marker")
    library.error(OSError("marker"))
    library.error("Fatal\nprotocol: <marker>")
    library.error("Exception in callback fail('marker')\nhandle: <marker>")
    said = [line["event"] for line in lines(capsys)]
    assert said == ["Error loading: %s", "OSError", "Fatal", "Exception in callback"]


@pytest.mark.parametrize("text", ["marker", "marker: \nmarker", f"{'x: ' * 9}marker"])
def test_warnings(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """Of a warning there are its place and category: its text is made of values, too."""
    logging.captureWarnings(capture=False)  # pytest has put its own in the place of what captures
    logs.configure("json", "info")
    warnings.showwarning(UserWarning(text), UserWarning, "/a folder/a.py", 7)
    logging.getLogger("py.warnings").warning(text)
    said = [line["event"] for line in lines(capsys)]
    assert said == ["/a folder/a.py:7: UserWarning", "a warning, left out"]


def test_lost_task(capsys: pytest.CaptureFixture[str]) -> None:
    """A task whose exception nobody takes leaves its type and place, and not its text."""
    logs.configure("json", "info")

    async def fail_later() -> None:
        fail()

    async def lose_a_task() -> None:
        await asyncio.wait({asyncio.create_task(fail_later())})
        gc.collect()

    asyncio.run(lose_a_task())
    (line,) = lines(capsys)
    assert line["event"] == "Task exception was never retrieved"
    assert line["exception"] == "ValueError"
    assert "marker" not in str(line)


@pytest.mark.parametrize("name", ["httpx", "httpcore", "httpcore.http11", "uvicorn.access"])
@pytest.mark.parametrize("form", ["json", "console"])
def test_quiet(capsys: pytest.CaptureFixture[str], name: str, form: logs.LogFormat) -> None:
    """Loggers that print URLs and headers are silent even at debug."""
    logs.configure(form, "debug")
    logging.getLogger(name).error("GET https://api.nasa.test/?api_key=marker")
    logging.getLogger("another").warning("heard")
    out = capsys.readouterr().out
    assert "heard" in out
    assert "marker" not in out


def test_closing_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The closing line of a request is the one that any line would be, by the same allow-list."""
    logs.configure("json", "info")
    fields: dict[str, object] = {"status": 200, "route": "/x", "cache": None, "token": "marker"}
    logs.log("info", "request", **fields)
    logs.request_ended(**fields)
    slow, quick = lines(capsys)
    assert {**quick, "timestamp": ""} == {**slow, "timestamp": ""}
    assert quick["timestamp"].endswith("Z")


async def test_order_of_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Closing lines wait for each other; any other line, also a library's, lets them out first."""
    logs.configure("json", "info")
    logs.request_ended(status=1)
    assert lines(capsys) == []
    logging.getLogger("library").error("one")
    logs.request_ended(status=2)
    logs.log("info", "two")
    logs.request_ended(status=3)
    await asyncio.sleep(2 * logs.TOGETHER_SECONDS)
    seen = [line.get("status") or line["event"] for line in lines(capsys)]
    assert seen == [1, "one", 2, "two", 3]
