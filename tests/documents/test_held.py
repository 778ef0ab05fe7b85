"""What a document says that a test holds, one does."""

import re
from collections.abc import Iterator

import pytest

from tests.documents.commands import documents
from tests.processes import ROOT

NAMED = re.compile(r"`(test_\w+)::(test_\w+)`")

HOLDING = re.compile(r"^\|.*\| (?:held|shown) by \|\n\|[-| ]+\|\n((?:\|.*\|\n)+)", re.MULTILINE)
"""A table whose last column names tests."""

NAMING = {
    name: text for name in documents() if NAMED.search(text := (ROOT / name).read_text("utf-8"))
}

MODEL = "docs/threat-model.md"


def rows(text: str) -> Iterator[list[str]]:
    """Give the cells of each row of the tables that name tests."""
    for table in HOLDING.finditer(text):
        for row in table[1].splitlines():
            yield [cell.strip() for cell in row.strip("|").split(" | ")]


@pytest.mark.parametrize("document", NAMING)
def test_there(document: str) -> None:
    """Every test that a document names exists."""
    written = {
        (path.stem, name)
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert set(NAMED.findall(NAMING[document])) - written == set()


@pytest.mark.parametrize("document", NAMING)
def test_every_row(document: str) -> None:
    """No row of a table that names tests does without one."""
    found = list(rows(NAMING[document]))
    assert [row[0] for row in found if not NAMED.search(row[-1])] == []


def test_what_remains() -> None:
    """Each thing that is not stopped names a test that shows it, or a dash: none is forgotten."""
    section = NAMING[MODEL].partition("## What remains")[2]
    lines = [line for line in section.splitlines() if "|" in line][2:]
    cells = [line.strip("|").split(" | ")[-1].strip() for line in lines]
    assert len(cells) > 20
    assert [cell for cell in cells if not (cell == "–" or NAMED.search(cell))] == []


def test_tables_are_seen() -> None:
    """The tables of rules and threats are among them, whole."""
    assert {name: len(list(rows(text))) > 40 for name, text in NAMING.items()} == {
        "attestation/README.md": True,
        MODEL: True,
    }


def test_promises() -> None:
    """The model holds each promise of SECURITY.md, and nothing that is not promised there."""
    security = (ROOT / "SECURITY.md").read_text()
    section = security.partition("## What counts")[2].partition("\n## ")[0]
    bullets = re.findall(r"^- (.*(?:\n  .*)*)", section, re.MULTILINE)
    section = NAMING[MODEL].partition("## Promises")[2].partition("\n## ")[0]
    assert [row[0] for row in rows(section)] == [re.sub(r"\n *", " ", one) for one in bullets]
