"""What has been measured, as it is kept: `performance.json`, and what follows from it."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import performance_plot
from benchmarks.targets import HEADINGS, Figures, verdicts

NAME = "performance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything of one run.

    Attributes:
        machine: on which it was.
        seconds: of each load.
        rounds: how many there were.
        figures: see `benchmarks.targets`.
    """

    machine: Mapping[str, str]
    seconds: int
    rounds: int
    figures: Figures

    @property
    def circumstances(self) -> str:
        """Where, when and how it was, in a line."""
        what = self.machine
        return (
            f"Measured on {what['date']}: {what['cpu']}, {what['cores']} cores, Python "
            f"{what['python']}, uvicorn {what['uvicorn']}; medians of {self.rounds} rounds of "
            f"{self.seconds} s."
        )


def read(path: Path) -> Report:
    """Read a report."""
    return Report(**json.loads(path.read_text()))


def write(report: Report, folder: Path) -> None:
    """Keep a report, put it into the document if there is one, and draw it."""
    rounded = {name: [round(one, 3) for one in values] for name, values in report.figures.items()}
    kept = Report(**{**asdict(report), "figures": rounded})
    document = folder / f"{NAME}.md"
    if document.exists():
        document.write_text(with_table(document.read_text(), kept))
    (folder / f"{NAME}.json").write_text(json.dumps(asdict(kept), indent=1) + "\n")
    performance_plot.draw(kept.figures, folder / f"{NAME}.svg")


def with_table(document: str, report: Report) -> str:
    """Give *document* with its table's rows, and the line "Measured on …", made anew."""
    rows = "".join(f"| {' | '.join(one.cells)} |\n" for one in verdicts(report.figures))
    headings = re.escape(f"| {' | '.join(HEADINGS)} |\n")
    table = re.compile(rf"^({headings}\|[-:|]+\|\n)(?:\|.*\n)*", re.MULTILINE)
    renewed = table.sub(lambda found: found[1] + rows, document)
    return re.sub(r"^Measured on .*$", lambda _: report.circumstances, renewed, flags=re.MULTILINE)
