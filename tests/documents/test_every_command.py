"""Every command in every document is run by a test."""

import importlib
import re
from pathlib import Path

import pytest

from tests.documents.commands import ASKED_FOR, commands, documents
from tests.processes import ROOT

HERE = Path(__file__).parent


@pytest.mark.parametrize("document", documents())
def test_every_command(document: str) -> None:
    """Each command that a document shows is one that a test of this package runs."""
    for path in HERE.glob("test_*.py"):
        importlib.import_module(f"{__package__}.{path.stem}")
    assert {c for c in commands(document) if (document, c) not in ASKED_FOR} == set()


@pytest.mark.parametrize("document", documents())
def test_links(document: str) -> None:
    """Links within the project lead somewhere."""
    path = ROOT / document
    links = re.findall(r"\]\((?!http|mailto)([^)#]+)(?:#[^)]*)?\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []
