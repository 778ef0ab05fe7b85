"""Help, errors and the version: what the command says of itself."""

import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from astropiks.cli import develop, main
from astropiks.version import PROJECT
from standin.faults import Fault
from tests.processes import ASTROPIKS, ROOT, environment, run

TOOLS = {"rich.progress", "astropiks.dev", "standin.app"}
"""What other commands need, and `serve` does not."""

GROUPS = [(), ("token",), ("secrets",), ("requests",)]

ORDER = ["dev", "standin", "token", "secrets", "doctor", "warm", "serve"]

HEAVY = (
    "asyncio", "cryptography", "dotenv", "httpx", "jwt", "redis", "rich", "starlette", "structlog",
    "uvicorn",
)  # fmt: skip
"""What takes its time to import, and is not for help."""


def command_of(*words: str) -> Any:  # noqa: ANN401  (typer does not say what its parts are)
    """Give what `typer` makes of a command, or of a group of them."""
    found: Any = get_command(main)
    for word in words:
        found = found.commands[word]
    return found


def commands() -> list[tuple[str, ...]]:
    """Give the words of every command that does something."""
    found: list[tuple[str, ...]] = []
    for name, one in command_of().commands.items():
        found += [(name, inner) for inner in getattr(one, "commands", ())] or [(name,)]
    return found


@cache
def help_of(*words: str) -> str:
    """Give the help of a command, in a terminal of 80 columns."""
    ended = run([*ASTROPIKS, *words, "--help"], environment(COLUMNS="80"), ROOT)
    assert ended.returncode == 0
    return ended.stdout


@pytest.mark.parametrize("words", [*GROUPS, *commands()], ids=" ".join)
def test_fits(words: tuple[str, ...]) -> None:
    """Help fits 80 columns, cuts nothing off, and each option has words of its own."""
    told = help_of(*words)
    assert max(map(len, told.splitlines())) <= 80
    assert "..." not in told.partition("\n")[2].partition("Examples:")[0]
    assert [one.name for one in command_of(*words).params if not one.help] == []


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_exit_statuses(words: tuple[str, ...]) -> None:
    """Each command tells how it can end."""
    assert re.search(r"^  Exit status: 0", help_of(*words), re.MULTILINE)


@pytest.mark.parametrize(
    "words",
    [one for one in commands() if one[0] != "secrets" or one[1] == "open"],
    ids=" ".join,
)
def test_examples(words: tuple[str, ...]) -> None:
    """Each command has an example, which names no option that there is not."""
    told = help_of(*words)
    examples = told.partition("Examples:\n")[2].partition("\n\n")[0]
    assert f"astropiks {' '.join(words)}" in examples
    for example in re.findall(r"astropiks ([^|>\n]*)", examples):
        said = tuple(re.findall("[a-z]+", example))
        command = next(one for one in commands() if one == said[: len(one)])
        known = {name for one in command_of(*command).params for name in one.opts}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", example)) <= known


def test_order() -> None:
    """The commands come as a person meets them, and the first two steps are told."""
    told = help_of()
    named = re.findall(r"^  (\w+)  +[A-Z]", told.partition("Commands:")[2], re.MULTILINE)
    assert [name for name in named if name in ORDER] == ORDER
    steps = told.partition("First steps:\n")[2]
    assert re.findall(r"^    astropiks (.*?)  ", steps, re.MULTILINE) == ["dev", "token mint"]


def test_serve() -> None:
    """The help of `serve` names what it needs, and where the rest is described."""
    told = help_of("serve")
    for words in ("NASA_API_KEY", "APPROOV_BASE64_SECRET", ".env.example", "README.md"):
        assert words in told
    missing = run([*ASTROPIKS, "serve"], environment(), ROOT).stderr
    assert set(re.findall(r"^  (\w+) is missing", missing, re.MULTILINE)) == {
        "NASA_API_KEY",
        "APPROOV_BASE64_SECRET",
    }


def test_faults() -> None:
    """The faults that the command knows are those that the stand-in has."""
    assert develop.FAULTS.split(", ") == list(Fault)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["serv"], "Did you mean 'serve'?"),
        (["token", "mnt"], "Did you mean 'mint'?"),
        (["warm", "--dayz", "3"], "--days"),
        (["warm", "--days", "0"], "greater than or equal to 1"),
        (["token", "mint", "--invalid", "x"], "expired"),
        (["standin", "--legacy-fault", "x"], "placeholder, 500"),
        (["standin", "--condition", "latency=2"], "The conditions are faults, latency_seconds,"),
        (["standin", "--condition", "x"], "NAME=JSON"),
        (["doctor", "x"], "astropiks doctor -h"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_slips(tmp_path: Path, words: list[str], told: str) -> None:
    """A slip in the command line is answered by what would be right, in words, with status 2."""
    ended = run([*ASTROPIKS, *words], environment(), tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr


def test_no_command(tmp_path: Path) -> None:
    """Without a command there is the help, and status 2."""
    ended = run(ASTROPIKS, environment(), tmp_path)
    assert ended.returncode == 2
    assert "First steps:" in ended.stdout + ended.stderr


def test_version(tmp_path: Path) -> None:
    """The version is that of the project, also where it is not installed, as on a platform."""
    (version,) = re.findall(r'^version = "(.*)"$', PROJECT.read_text(), re.MULTILINE)
    for more in ({}, {"PYTHONNOUSERSITE": "1"}):
        ended = run([*ASTROPIKS, "--version"], environment(**more), tmp_path)
        assert (ended.returncode, ended.stdout) == (0, f"astropiks {version}\n")


@pytest.mark.parametrize("words", [["--version"], ["--help"], ["token", "mint", "--help"]])
def test_imports_little(tmp_path: Path, words: list[str]) -> None:
    """Help imports nothing that takes its time, so that it comes at once."""
    program = (
        "import sys\n"
        "from astropiks.cli import main\n"
        f"try: main({words!r}, prog_name='astropiks')\n"
        f"finally: print(sorted({set(HEAVY)!r} & sys.modules.keys()), file=sys.stderr)"
    )
    ended = run([sys.executable, "-c", program], environment(), tmp_path)
    assert ended.stderr.splitlines()[-1] == "[]"


def test_serve_imports_no_tools(tmp_path: Path) -> None:
    """What serves takes neither time nor memory for what other commands need."""
    program = (
        "import sys\n"
        "from astropiks.cli import main\n"
        "try: main(['serve'], prog_name='astropiks')\n"
        f"finally: print(sorted({TOOLS!r} & sys.modules.keys()))"
    )
    ended = run([sys.executable, "-c", program], environment(), tmp_path)
    assert (ended.stdout, "is missing" in ended.stderr) == ("[]\n", True)
