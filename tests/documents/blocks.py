"""Blocks of docs/operations.md: commands, the answer that stands below them, queries."""

import re
from typing import NamedTuple

from tests.documents.commands import shown
from tests.processes import ROOT

DOCUMENT = "docs/operations.md"
TEXT = (ROOT / DOCUMENT).read_text(encoding="utf-8")

VARIABLE = {
    r"\d{4}-\d\d-\d\dT\d\d(:\d\d(:[\d.]+Z)?)?": "TIME",
    r"\b[0-9a-f]{32}\b": "ID",
    r"\b[0-9a-f]{12}\b": "VERSION",
    r"\b\d+\.\d+\.\d+\.\d+(:\d+)?\b": "ADDRESS",
    r"\b\d+\.\d+": "NUMBER",
}
"""What differs from one run to the next."""


class Block(NamedTuple):
    """Commands that are pasted together, and what they answer, if the document says so."""

    commands: str
    answer: str


def block(pattern: str) -> Block:
    """Give the one block with a command that *pattern* is found in; a test then runs it."""
    found = re.findall(
        r"^```sh\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", TEXT, re.MULTILINE | re.DOTALL
    )
    ((commands, answer),) = [one for one in found if re.search(pattern, one[0])]
    for command in commands.splitlines():
        shown(DOCUMENT, f"^{re.escape(command)}$")
    return Block(commands, answer)


def lines(text: str) -> list[str]:
    """Give the lines of an answer, with one word for whatever differs from run to run."""
    for pattern, word in VARIABLE.items():
        text = re.sub(pattern, word, text)
    return [" ".join(line.split()) for line in text.splitlines()]


def fenced(language: str) -> list[str]:
    """Give every block of one *language*."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)


def section(title: str) -> str:
    """Give the text of the section whose title begins so."""
    text = TEXT.partition(f"\n## {title}")[2]
    assert text, title
    return text.partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """Give the cells of every table row whose first cell is code."""
    found = re.findall(r"^\| (`.*) \|$", text, re.MULTILINE)
    return [[cell.strip() for cell in row.split("|")] for row in found]


def codes(cell: str) -> list[str]:
    """Give every code in a cell."""
    return re.findall(r"`(\w+)`", cell)
