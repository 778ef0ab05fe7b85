"""Write what the proofs have shown into docs/proof.md: `python -m tests.proof.report FOLDER`.

A table belongs where the document says `<!-- table: SECTION -->`; the line "Shown on …" says when
and where.
"""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.machine import description
from tests.processes import ROOT

DOCUMENT = ROOT / "docs" / "proof.md"

NOTHING = "Nothing was shown of this in that run.\n"

TABLE = re.compile(rf"(<!-- table: ([\w-]+) -->\n)(?:\n?(?:(?:\|.*\n)+|{NOTHING}))?")


def sections(folder: Path) -> dict[str, list[Mapping[str, str]]]:
    """Read what `record` has written."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def table(rows: Sequence[Mapping[str, str]]) -> str:
    """Write rows as a table of Markdown; the first one has every column."""
    columns = list(rows[0])
    lines = [columns, ["---"] * len(columns), *([row[name] for name in columns] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def renewed(document: str, shown: Mapping[str, Sequence[Mapping[str, str]]], when: str) -> str:
    """Give *document* with the date, and the tables of what was *shown*: none outlives its run."""

    def fill(found: re.Match[str]) -> str:
        rows = shown.get(found[2])
        return f"{found[1]}\n{table(rows) if rows else NOTHING}"

    return re.sub(r"^Shown on .*$", lambda _: when, TABLE.sub(fill, document), flags=re.MULTILINE)


def main() -> None:
    """Renew the document."""
    what = description()
    when = (
        f"Shown on {what['date']}: {what['cpu']}, {what['cores']} cores, Python {what['python']}."
    )
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(), sections(Path(sys.argv[1])), when))


if __name__ == "__main__":
    main()
