"""The commands of the documents that hold figures."""

import re

import pytest

from tests.documents.commands import one_shown
from tests.processes import ROOT, environment, run

COMMANDS = {
    document: one_shown(document, "^make ")
    for document in ("docs/capacity.md", "docs/performance.md")
}


@pytest.mark.parametrize("document", COMMANDS)
def test_renewed_by_its_command(document: str) -> None:
    """The command runs what writes that document; the benchmarks' own tests run it in small."""
    planned = run([*COMMANDS[document].split(), "--dry-run"], environment(), ROOT).stdout
    (module,) = re.findall(r"-m (benchmarks\.\w+) --output docs", planned)
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text()
    assert document.removeprefix("docs/") in source
