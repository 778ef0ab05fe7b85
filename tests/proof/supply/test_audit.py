"""Known holes in what is locked."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.processes import free_port
from tests.proof.record import IS_WHOLE, Record
from tests.proof.supply.asking import UnansweredError
from tests.proof.supply.audit import ACCEPTED, audit, read
from tests.proof.supply.library import library
from tests.proof.supply.lock import EVERYTHING, FILES, Pin, pins

TRIED = [
    Pin("first", "1.0", "", ("0" * 64,), ("astropiks-proxy",)),
    Pin("forked", "1.0", "python_full_version < '3.0'", ("1" * 64,), ("first",)),
    Pin("forked", "2.0", "python_full_version >= '3.0'", ("2" * 64,), ("first",)),
]

HOLE = {"id": "HOLE-2026-1", "affected": [{"package": {"ecosystem": "PyPI", "name": "forked"}}]}


def osv(_: str, asked: dict[str, Any]) -> tuple[str, str]:
    """Answer as a database in OSV's form that knows one hole, in one version."""
    hit = (asked["package"]["name"], asked["version"]) == ("forked", "1.0")
    return "application/json", json.dumps({"vulns": [HOLE]} if hit else {})


def test_hole(tmp_path: Path) -> None:
    """A known hole is found in each locked version, also one for other systems than this."""
    with library(osv) as address:
        found = audit(TRIED, tmp_path, "--vulnerability-service", "osv", "--osv-url", address)
    assert found.known == {(pin.name, pin.version) for pin in TRIED}
    assert found.holes == {("forked", "1.0"): ("HOLE-2026-1",)}
    assert found.of(TRIED[2:]).holes == {}


def test_unreachable(tmp_path: Path) -> None:
    """A database that cannot be reached has not found everything well."""
    nowhere = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(UnansweredError):
        audit(TRIED, tmp_path, "--vulnerability-service", "osv", "--osv-url", nowhere)


def test_skipped() -> None:
    """A release that the database does not know has not been looked up, whatever is said of it."""
    answer = {"dependencies": [{"name": "first", "skip_reason": "not found"}], "fixes": []}
    assert read([json.dumps(answer)]).known == frozenset()


@pytest.mark.skipif(not IS_WHOLE, reason="make proof asks a database of vulnerabilities")
def test_locked_files(tmp_path: Path, proof: Record) -> None:
    """No locked release has a known hole, as far as a database can be asked."""
    try:
        found = audit(pins(EVERYTHING), tmp_path)
    except UnansweredError:
        found = read([])
    for file in FILES:
        part = found.of(locked := pins(file))
        holes = ", ".join(f"{'=='.join(r)}: {' '.join(ids)}" for r, ids in part.holes.items())
        if not part.known:
            holes = "not known: no database of vulnerabilities answered"
        proof.row(
            "supply-audit",
            file=f"`{file}`",
            releases=len(locked),
            looked_up=len(part.known),
            known_holes=holes or "none",
        )
    assert {hole for ids in found.holes.values() for hole in ids} == set(ACCEPTED)
    if not found.known:
        pytest.skip("NOT AUDITED: no database of vulnerabilities answered")
