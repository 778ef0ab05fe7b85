"""What the document on the command line says is so."""

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.astropiks.test_cli_help import commands, help_of
from tests.documents.commands import here, one_shown, shown
from tests.processes import PATH, ROOT, environment, free_port, run, running, wait_for

DOCUMENT = "docs/command-line.md"
TEXT = (ROOT / DOCUMENT).read_text()

FIRST = shown(DOCUMENT, r"astropiks --(help|version)$")
DEV = one_shown(DOCUMENT, r"doctor --dev$")
HEROKU = shown(DOCUMENT, r"^heroku |--env-file production.env")
STANDIN = shown(DOCUMENT, r"standin --port 8090|^export (APPROOV|NASA)|astropiks doctor --live$")
INSTALL = shown(DOCUMENT, r"^export PATH|--install-completion$")
COMPLETIONS = {
    name: one_shown(DOCUMENT, f"source_{name} astropiks") for name in ("bash", "zsh", "fish")
}

HEROKU_CLI = """#!/bin/sh
test "$*" = "config --shell" || exit 64
echo "APPROOV_BASE64_SECRET='c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0'"
echo "DATABASE_URL='postgres://x'"
echo "NASA_API_KEY='abcdefghijklmnopqrstuvwxyz0123456789ABCD'"
"""

COMPLETES = {
    "bash": ["--norc", "-c", "{}\ncomplete -p astropiks"],
    "zsh": ["-f", "-c", 'autoload -Uz compinit\ncompinit -u -D\n{}\necho "$_comps[astropiks]"'],
    "fish": ["--no-config", "-c", "{}\ncomplete -c astropiks"],
}


def test_table() -> None:
    """Its table has every command, in their order, with the exit statuses that each tells."""
    rows = re.findall(r"^\| `([a-z ]+)` \| .+? \| (.+) \|$", TEXT, re.MULTILINE)
    told = []
    for words in commands():
        status = help_of(*words).partition("Exit status:")[2]
        told.append((" ".join(words), " ".join(status.split())))
    assert rows == told


@pytest.mark.parametrize("command", [*FIRST, DEV])
def test_simple(tmp_path: Path, command: str) -> None:
    """These commands run as pasted, and succeed."""
    ended = run(["sh", "-c", here(command)], environment(), tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout


def test_heroku(tmp_path: Path) -> None:
    """What `heroku config --shell` prints can be checked; NASA cannot be asked here."""
    (tmp_path / "heroku").write_text(HEROKU_CLI)
    (tmp_path / "heroku").chmod(0o755)
    env = environment() | {"PATH": f"{tmp_path}{os.pathsep}{PATH}"}
    export, live, to_file = HEROKU
    assert run(["sh", "-c", export], env, tmp_path).returncode == 0
    nowhere = "NASA_API_BASE_URL=http://127.0.0.1:9\nNASA_SCIENCE_BASE_URL=http://127.0.0.1:9\n"
    with (tmp_path / "production.env").open("a") as file:
        file.write(nowhere)
    asked = run(["sh", "-c", here(live)], env, tmp_path)
    assert asked.returncode == 1
    assert "unreachable" in asked.stdout
    ended = run(["sh", "-c", here(to_file)], env, tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert json.loads((tmp_path / "doctor.json").read_text())["usable"] is True


def test_bad_mood(tmp_path: Path) -> None:
    """The stand-in with a fault is told as the document shows it."""
    port, output = free_port(), tmp_path / "output"
    standin, *rest = (here(command).replace("8090", str(port)) for command in STANDIN)
    line = standin.removesuffix(" &")
    with running(["sh", "-c", f"exec {line}"], environment(), tmp_path, output) as process:
        wait_for(port, process, output)
        ended = run(["sh", "-c", "\n".join(rest)], environment(), tmp_path)
    assert ended.returncode == 0, ended.stdout
    (sample,) = re.findall(r"^```text\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    told = ended.stdout[ended.stdout.index("NASA, asked just now") :].partition("\n\n")[0]
    assert without_figures(told) == without_figures(sample.strip())


def without_figures(text: str) -> str:
    """Blot out what is another each time."""
    return re.sub(r"[0-9]+([.-][0-9]+)*", "0", text)


@pytest.mark.parametrize("name", COMPLETIONS)
def test_completion(tmp_path: Path, name: str) -> None:
    """The line for a shell switches completion on there."""
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"NO {name.upper()} HERE: install it to have its completion tested")
    *options, script = COMPLETES[name]
    env = environment(HOME=str(tmp_path)) | {"PATH": f"{ROOT}/.venv/bin{os.pathsep}{PATH}"}
    ended = run([program, *options, script.replace("{}", COMPLETIONS[name])], env, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "astropiks" in ended.stdout


def test_install(tmp_path: Path) -> None:
    """The lines that install completion do so for the shell that runs them."""
    program = shutil.which("bash")
    if program is None:
        pytest.skip("NO BASH HERE: install it to have its completion tested")
    lines = "\n".join([f"cd '{ROOT}'", *INSTALL, "true"])
    ended = run([program, "--norc", "-c", lines], environment(HOME=str(tmp_path)), tmp_path)
    assert "bash completion installed" in ended.stdout, ended.stderr
    assert "astropiks.sh" in (tmp_path / ".bashrc").read_text()
