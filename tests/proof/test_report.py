"""What has been shown gets into the document."""

import json
from pathlib import Path

from tests.proof.record import Record
from tests.proof.report import DOCUMENT, NOTHING, TABLE, renewed, sections

BEFORE = """Text.

Shown on another day.

<!-- table: attack -->

| old | table |
| --- | --- |
| a | b |

<!-- table: load -->

| gone | now |
| --- | --- |
| c | d |

The end.
"""


def test_tables(tmp_path: Path) -> None:
    """A section that was shown has its table made anew, another one has none; text stays."""
    record = Record()
    record.row("attack", sort_of_attack="x", tried=3)
    record.row("attack", sort_of_attack="y", tried=4)
    record.write(tmp_path / "proof")
    assert json.loads((tmp_path / "proof" / "attack.json").read_text())
    after = renewed(BEFORE, sections(tmp_path / "proof"), "Shown on a day.")
    assert "| sort of attack | tried |\n| --- | --- |\n| x | 3 |\n| y | 4 |\n\n<!--" in after
    assert ("| a | b |" in after, "| c | d |" in after) == (False, False)
    assert after.endswith(f"load -->\n\n{NOTHING}\nThe end.\n")
    assert "Shown on a day." in after
    assert renewed(after, sections(tmp_path / "proof"), "Shown on a day.") == after


def test_document() -> None:
    """Every table of the document has rows."""
    text = DOCUMENT.read_text()
    assert len(TABLE.findall(text)) >= 1
    assert [found[2] for found in TABLE.finditer(text) if "|" not in found[0]] == []
