"""Let all tests run, and see that no secret comes out: ``pytest -p tests.proof.leaks``.

Where something is found, the run fails at its end, with the name of the test.
"""

import base64
import hashlib
import os
import re
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from _pytest.capture import CaptureFixture

from astropiks.development import EXAMPLE_SECRET
from astropiks.mint import DEVICE_ID
from attestation.keys import PUBLISHED_SECRET_DIGESTS
from tests.conftest import PROOFS
from tests.proof import marked, taken
from tests.proof.canary import Canary, inside_base64
from tests.proof.looked import Looked
from tests.proof.record import Record

MIN_BYTES, MIN_DIFFERENT = 12, 4
"""Of a mark: tests have secrets such as `x` or `aaaaaaaaaaaa`, which stand elsewhere, too."""

MAX_TOKENS = 200
"""Of one test that are looked for each by itself; all of them by the device that they name."""

MAX_FILE_BYTES = 50_000_000

BUFFER_BYTES = 4_000_000


class Leak(NamedTuple):
    """Something that was found."""

    test: str
    place: str
    where: str
    mark: str
    spelling: str


class Leaks:
    """The plugin."""

    def __init__(self) -> None:
        self.looked = Looked()
        self.found: list[Leak] = []
        self._held = Canary({})
        self._sent = Canary({})
        self._waiting: list[tuple[str, bytes, str]] = []
        self._test = "before the first"
        self._patch = pytest.MonkeyPatch()
        self._inputs = taken.Inputs(self._patch)
        self._seen: set[Path] = set()
        taken.secrets(self._patch, self._hold)
        taken.tokens(self._patch, self._send)
        self._commands: dict[Path, str] = {}
        taken.processes(self._patch, self._take, self._commands)
        taken.answers(self._patch, self._take)
        taken.redis(self._patch, self._take)
        read = CaptureFixture.readouterr

        def was_read(fixture: CaptureFixture[Any]) -> Any:  # noqa: ANN401
            came = read(fixture)
            for text in came:
                data = text.encode("utf-8", "replace") if isinstance(text, str) else text
                self._take("log and output of tests", data, "captured")
            return came

        self._patch.setattr(CaptureFixture, "readouterr", was_read)

    def _hold(self, mark: bytes) -> None:
        if len(mark) >= MIN_BYTES and len(set(mark)) >= MIN_DIFFERENT and not _is_public(mark):
            self._held.add(mark.decode("latin-1"), mark)

    def _send(self, mark: bytes) -> None:
        if len(mark) >= MIN_BYTES and len(self._sent.marks) < MAX_TOKENS:
            self._sent.add(mark.decode("latin-1"), mark)

    def _take(self, place: str, data: bytes, where: str) -> None:
        if self._test.startswith(ON_PURPOSE):
            return
        self._waiting.append((place, data, where))
        if sum(len(one) for _, one, _ in self._waiting[-1:]) > BUFFER_BYTES:
            self._look()

    def _look(self) -> None:
        """Look through all that has come."""
        waiting, self._waiting = self._waiting, []
        for place, data, where in waiting:
            if DELIVERING.search(where):
                continue
            tokens = () if MINTING.search(where) else (self._sent, ANY_TOKEN)
            found = self.looked.find(place, data, self._held, *tokens)
            self.found += [
                Leak(self._test, place, where, repr(one.mark)[:60], one.spelling) for one in found
            ]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Begin anew with the tokens of each test."""
        self._test, self._sent = item.nodeid, Canary({})
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """Look through what a test has left, once its processes have ended."""
        yield
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        if folder is not None:
            self._take_files(folder)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look through what has been printed and logged."""
        if report.when == "teardown":
            for name, text in report.sections:
                self._take("log and output of tests", text.encode("utf-8", "replace"), name)
            self._look()

    def _take_files(self, folder: Path) -> None:
        for root, _, names in os.walk(folder):
            for path in (Path(root, name) for name in names):
                if path in self._seen or not path.is_file() or path.is_symlink():
                    continue
                self._seen.add(path)
                with suppress(OSError):
                    if path.stat().st_size <= MAX_FILE_BYTES:
                        data = path.read_bytes()
                        if data not in self._inputs:
                            command = self._commands.get(path, "")
                            self._take("files", data, f"{path}: {command}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Look through what all tests together have left, before it is written what was seen."""
        self._test = "after the last"
        factory = session.config._tmp_path_factory  # type: ignore[attr-defined]  # noqa: SLF001
        self._take_files(factory.getbasetemp())
        self._look()
        self._patch.undo()
        self.looked.tell(session.config.stash.setdefault(PROOFS, Record()), "all tests")
        if self.found:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say where what was found."""
        if self.found:
            terminalreporter.section("leaks", red=True)
            for leak in sorted(set(self.found)):
                terminalreporter.line(f"{leak}")


ANY_TOKEN = Canary(inside_base64(DEVICE_ID.encode()))
"""Any token of `astropiks.mint`, whoever has made it: each names the one device."""

PUBLIC = {
    marked.ORIGIN.encode(),
    *(value.get_secret_value().encode() for value in EXAMPLE_SECRET.values()),
}
"""What some test has in the place of a secret, and is none."""


def _is_public(mark: bytes) -> bool:
    """Tell whether everybody knows it; secrets of Approov's samples are in the guide's app, too."""
    with suppress(ValueError):
        if hashlib.sha256(base64.b64decode(mark)).hexdigest() in PUBLISHED_SECRET_DIGESTS:
            return True
    return mark in PUBLIC or hashlib.sha256(mark).hexdigest() in PUBLISHED_SECRET_DIGESTS


MINTING = re.compile(r"token mint|astropiks dev|make run|requests (postman|http)|/console/|^/$")
"""Commands and paths that are there to give out tokens for development. ``/`` is the console's."""

DELIVERING = re.compile(r"astropiks (secrets open|standin)|/debug\d+/|/test_deployment\d+/app/")
"""What has to show what it was given: a secret to whoever has its key, the stand-in's own key, the
development secret to a debug build of the guide's app, and a clone of all these tests."""

ON_PURPOSE = (
    "tests/proof/test_leaks_on_purpose.py",
    "tests/proof/test_leaks_plugin.py",
    "tests/documents/test_android.py::test_make_run",
    "tests/documents/test_command_line.py::test_heroku",
    "tests/documents/test_deploy.py",
    "tests/documents/test_scaling.py::test_two_processes",
    "tests/proof/attacks/test_parsers.py::test_fuzzing",
)
"""Tests that leak something themselves, or do what people do with secrets: with files for them, and
programs in the place of a platform's, which write down what they are given."""


def pytest_configure(config: pytest.Config) -> None:
    """Begin before anything is secret."""
    config.pluginmanager.register(Leaks(), "leaks-of-this-run")
