"""Completion, in real shells."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from astropiks.mint import Invalid
from standin.conditions import Conditions
from standin.faults import Fault
from tests.processes import END_SECONDS, PATH, ROOT, environment, run

BIN = ROOT / ".venv" / "bin"

COMMANDS = {"dev", "standin", "token", "secrets", "doctor", "warm", "serve"}

BASH = r"""
eval "$(_ASTROPIKS_COMPLETE=source_bash astropiks)"
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
eval "$(complete -p astropiks | sed -E 's/.*-F ([^ ]+) .*/\1/')" astropiks
printf '%s\n' "${COMPREPLY[@]}"
"""

FISH = """
_ASTROPIKS_COMPLETE=source_fish astropiks | source
complete -C "$argv[1]"
"""

ZSH = r"""
autoload -Uz compinit && compinit -u -d "$HOME/.zcompdump"
eval "$(_ASTROPIKS_COMPLETE=source_zsh astropiks)"
bindkey '^I' complete-word
zstyle ':completion:*' list-prompt ''
LISTMAX=1000
PS1='READY> '
"""


def shell(name: str) -> str:
    """Give a shell's program, or skip the test."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"NO {name.upper()} HERE: install it to have its completion tested")
    return found


def env(folder: Path) -> dict[str, str]:
    """Give an environment in which the command is found."""
    return environment(HOME=str(folder)) | {"PATH": f"{BIN}{os.pathsep}{PATH}"}


def bash(folder: Path, *words: str) -> set[str]:
    """Complete the last of *words*."""
    program = [shell("bash"), "--norc", "-c", BASH, "bash", *words]
    ended = run(program, env(folder), folder)
    assert ended.stderr == ""
    return {line for line in ended.stdout.splitlines() if line}


def fish(folder: Path, *words: str) -> set[str]:
    """Complete the last of *words*."""
    program = [shell("fish"), "--no-config", "-c", FISH, " ".join(words)]
    ended = run(program, env(folder), folder)
    return {line.partition("\t")[0] for line in ended.stdout.splitlines()}


@pytest.mark.parametrize("complete", [bash, fish])
@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["st"], {"standin"}),
        (["token", "m"], {"mint"}),
        (["warm", "--d"], {"--days"}),
        (["doctor", "--"], {"--live", "--dev", "--env-file", "--json", "--help"}),
        (["standin", "--legacy-fault", ""], set(Fault)),
        (["standin", "--science-fault", "h"], {"html", "hang"}),
        (["standin", "--condition", ""], {f"{name}=" for name in Conditions.model_fields}),
        (["token", "mint", "--invalid", ""], set(Invalid)),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_completion(tmp_path: Path, complete: object, words: list[str], offered: set[str]) -> None:
    """Commands, options and their values are completed: faults, conditions, ways to be invalid."""
    assert callable(complete)
    assert complete(tmp_path, "astropiks", *words) == offered


@pytest.mark.parametrize("complete", [bash, fish])
def test_commands(tmp_path: Path, complete: object) -> None:
    """Every command is offered."""
    assert callable(complete)
    assert complete(tmp_path, "astropiks", "") >= COMMANDS


def test_zsh(tmp_path: Path) -> None:
    """In a real zsh at a terminal, Tab fills in the one way, and lists several with their help."""
    program = shell("zsh")
    (tmp_path / ".zshrc").write_text(ZSH)
    pieces = [("astropiks stand\t", "standin "), ("\x15astropiks \t", "doctor"), ("\x15exit\r", "")]
    shown = in_terminal([program, "-i"], env(tmp_path), tmp_path, pieces)
    assert "standin " in shown[0]
    assert re.search(r"dev +-- Serve on a laptop: no network", shown[1])
    assert re.search(r"warm +-- Fetch the records of the last days", shown[1])


def in_terminal(
    command: list[str], given: dict[str, str], folder: Path, pieces: list[tuple[str, str]]
) -> list[str]:
    """Type each piece once the shell is ready, and give what it shows until words appear."""
    ours, theirs = os.openpty()
    more = {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
    process = subprocess.Popen(
        command, env={**given, **more}, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
        start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    try:
        read_until(ours, "READY> ")
        shown = []
        for typed, words in pieces:
            os.write(ours, typed.encode())
            shown.append(read_until(ours, words) if words else "")
        process.wait(END_SECONDS)
        return shown
    finally:
        process.kill()
        process.wait(END_SECONDS)
        os.close(ours)


def read_until(terminal: int, words: str) -> str:
    """Read what is shown, without control codes, until *words* are in it and it is quiet."""
    import select  # noqa: PLC0415

    shown = b""
    while True:
        seconds = 0.3 if words in plain(shown) else END_SECONDS
        if not select.select([terminal], [], [], seconds)[0]:
            break
        shown += os.read(terminal, 65536)
    assert words in plain(shown), shown
    return plain(shown)


def plain(shown: bytes) -> str:
    """Take the control codes away."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b[=>]|[\r\x07\x08]", "", shown.decode())


def test_install(tmp_path: Path) -> None:
    """`--install-completion` writes what a shell reads at its start, and that completes."""
    program = shell("bash")
    home = env(tmp_path)
    ended = run([program, "--norc", "-c", "astropiks --install-completion; true"], home, tmp_path)
    assert "bash completion installed" in ended.stdout, ended.stderr
    lines = 'source "$HOME/.bashrc"; complete -p astropiks'
    installed = run([program, "--norc", "-c", lines], home, tmp_path)
    assert installed.stdout.startswith("complete -o default -F _astropiks_completion")
