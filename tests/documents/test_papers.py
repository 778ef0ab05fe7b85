"""The project's papers: licence, changelog, how to contribute, how to report a hole."""

import hashlib
import re
import tomllib

import pytest

from tests.documents.commands import shown
from tests.processes import ROOT, environment, run

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

CONTRIBUTING = "CONTRIBUTING.md"
MAKE = {
    "make setup": "venv",
    "make test": "-m pytest",
    "make check": "mypy",
    "make lock": "uv pip compile",
    "make sbom": "tests.proof.supply.sbom docs/sbom.cdx.json",
}


@pytest.mark.parametrize("command", shown(CONTRIBUTING, "^make "))
def test_make_commands(command: str) -> None:
    """The targets that a contributor needs do what is said of them."""
    planned = run([*command.split(), "--dry-run", "--always-make"], environment(), ROOT).stdout
    assert MAKE[command] in planned


def test_changelog() -> None:
    """The changelog begins with the version that the project has."""
    text = (ROOT / "CHANGELOG.md").read_text()
    versions = re.findall(r"^## \[(\S+)\] - (unreleased|\d{4}-\d{2}-\d{2})$", text, re.MULTILINE)
    assert versions[0][0] == PROJECT["version"]
    assert "unreleased" not in [state for _, state in versions[1:]]


def test_licence() -> None:
    """The licence is the Apache License 2.0, to the letter."""
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_files(document: str) -> None:
    """Every file and folder that a paper names is there."""
    text = (ROOT / document).read_text()
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]*|[\w-]+\.(?:py|toml|yaml|json|example))`", text)
    named = [name for name in named if not name.startswith("path/") and name != ".venv/"]
    places = (ROOT, ROOT / "attestation", ROOT / "tests" / "gateways")
    missing = [name for name in named if not any((place / name).exists() for place in places)]
    assert missing == []


@pytest.mark.parametrize("document", ["SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "NOTICE"])
def test_no_made_up_address(document: str) -> None:
    """Nobody is sent to an address that may not exist."""
    assert "@" not in (ROOT / document).read_text()
