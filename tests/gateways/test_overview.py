"""The table of gateways/README.md, cell by cell."""

import re
from pathlib import Path

import pytest

from tests.gateways.test_verdicts import GATEWAYS
from tests.gateways.verdicts import BINDINGS, TOKENS
from tests.processes import ROOT

FOLDER = ROOT / "gateways"
TEXT = (FOLDER / "README.md").read_text()
ROWS = {
    cells[0].split("`")[1]: cells
    for line in re.findall(r"^\| `.*\|$", TEXT, re.MULTILINE)
    if (cells := [cell.strip() for cell in line.strip("|").split("|")])
}


def test_all_are_there() -> None:
    """Every gateway that the table of requests goes through has a row, and no other."""
    assert ROWS.keys() == GATEWAYS.keys()


@pytest.mark.parametrize("name", GATEWAYS)
def test_judged_otherwise(name: str) -> None:
    """The last cell names what the tests excuse in that gateway, and nothing else."""
    excused = GATEWAYS[name].CANNOT
    assert ROWS[name][6] == (", ".join(excused) or "–")


@pytest.mark.parametrize("name", GATEWAYS)
def test_binding(name: str) -> None:
    """Who is said to check what tokens are bound to is excused in none of its rows."""
    assert ROWS[name][3] in {"yes", "one header"}
    assert not GATEWAYS[name].CANNOT.keys() & BINDINGS.keys()


@pytest.mark.parametrize(("case", "column"), [("no token", 1), ("another signature", 2)])
@pytest.mark.parametrize("name", GATEWAYS)
def test_statuses(name: str, case: str, column: int, tmp_path: Path) -> None:
    """The statuses are those that are really sent, where a server sends them."""
    gateway = GATEWAYS[name]
    with gateway.open_gateway(tmp_path, is_bound=False) as ask:
        verdict = ask(TOKENS[case].fields())
    # Where the two kinds are told apart in the tests, they are by other statuses than the usual.
    expected = {"refused": {"401"}, "missing": {"401"}, "invalid": {"401", "403"}}[verdict]
    assert ROWS[name][column] in expected
