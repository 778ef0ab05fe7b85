"""What the proofs of this run have shown, for docs/proof.md."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

IS_WHOLE = bool(os.environ.get("PROOF"))
"""Whether this is `make proof`: suites then take their full time. Its value is the folder where
what they show is written."""


def scaled(quick: int, whole: int) -> int:
    """Give how many, or for how many seconds: *quick* under `make test`, *whole* in a proof."""
    return whole if IS_WHOLE else quick


class Record:
    """Rows of tables, by section."""

    def __init__(self) -> None:
        self._sections: dict[str, list[Mapping[str, str]]] = {}

    def row(self, section: str, **cells: object) -> None:
        """Add a row to the table of a section; the names of *cells* are its columns."""
        shown = {name.replace("_", " "): str(value) for name, value in cells.items()}
        self._sections.setdefault(section, []).append(shown)

    def write(self, folder: Path) -> None:
        """Write each section as a file of its own, in place of what an earlier run had to say."""
        folder.mkdir(exist_ok=True)
        for section, rows in self._sections.items():
            (folder / f"{section}.json").write_text(json.dumps(rows, indent=1) + "\n")
