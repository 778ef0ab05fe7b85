"""The commands that documents show, and which of them the tests run.

A test module of this package asks for the commands that it runs, by `shown` or `one_shown`, when it
is imported. `test_every_command.py` looks for those that nobody has asked for.
"""

import re

from tests.processes import ROOT

ASKED_FOR: set[tuple[str, str]] = set()
"""Documents and commands in them."""


def documents() -> list[str]:
    """Give the path of every document of the project."""
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
    return sorted(p.as_posix() for p in paths if not any(part.startswith(".") for part in p.parts))


def commands(document: str) -> list[str]:
    """Give every command in a document's `sh` blocks, continued lines joined, comments left out."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    lines = re.sub(r"\\\n\s*", "", "\n".join(blocks)).splitlines()
    return [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]


def shown(document: str, pattern: str) -> list[str]:
    """Give the commands of a document that *pattern* is found in, which a test then runs."""
    found = [command for command in commands(document) if re.search(pattern, command)]
    if not found:
        raise LookupError(f"{document} shows no command like {pattern}")
    ASKED_FOR.update((document, command) for command in found)
    return found


def one_shown(document: str, pattern: str) -> str:
    """Give the one command of a document that *pattern* is found in, which a test then runs."""
    (command,) = shown(document, pattern)
    return command


def here(command: str) -> str:
    """Let a command of the checkout run in another folder."""
    return command.replace(".venv/bin/astropiks", f"{ROOT}/.venv/bin/astropiks")
