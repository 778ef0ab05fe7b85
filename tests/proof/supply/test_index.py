"""What the index says of what is locked, and whether it locks to the same bytes again."""

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import pytest

from tests.processes import ROOT, environment, run
from tests.proof.record import IS_WHOLE, Record
from tests.proof.supply.asking import UnansweredError, ask
from tests.proof.supply.index import UV, is_reachable, releases
from tests.proof.supply.library import library
from tests.proof.supply.lock import EVERYTHING, FILES, Pin, pins

whole = pytest.mark.skipif(not IS_WHOLE, reason="make proof asks a package index")

OLD = timedelta(days=3 * 365)


def index(path: str, _: object) -> tuple[str, str]:
    """Answer as an index (PEP 691) that has withdrawn one of two releases."""
    if path.endswith(".metadata"):
        name, version, *_ = path.strip("/").split("-")
        return "text/plain", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    name = path.strip("/")
    file = {
        "filename": f"{name}-1.0-py3-none-any.whl",
        "url": f"/{name}-1.0-py3-none-any.whl",
        "hashes": {"sha256": "0" * 64},
        "core-metadata": True,
        "yanked": name == "withdrawn",
        "upload-time": "2026-01-02T03:04:05Z",
    }
    listing = {"meta": {"api-version": "1.1"}, "name": name, "versions": ["1.0"], "files": [file]}
    return "application/vnd.pypi.simple.v1+json", json.dumps(listing)


def test_withdrawn(tmp_path: Path) -> None:
    """A withdrawn release is seen as one, and when it came out."""
    tried = [Pin(name, "1.0", "", ("0" * 64,), ()) for name in ("kept", "withdrawn")]
    with library(index) as address:
        found = releases(tried, tmp_path, "--no-cache", "--default-index", address)
    assert [(release.name, release.yanked) for release in found] == [
        ("kept", False),
        ("withdrawn", True),
    ]
    assert {release.uploaded for release in found} == {datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)}


def test_missing(tmp_path: Path) -> None:
    """A release that a reachable index does not have is no excuse: it is missing."""
    with library(index) as address:
        where = ("--no-cache", "--default-index", address)
        assert is_reachable(*where)
        with pytest.raises(UnansweredError):
            releases([Pin("kept", "2.0", "", ("0" * 64,), ())], tmp_path, *where)
    assert not is_reachable(*where)


@whole
def test_releases(tmp_path: Path, proof: Record) -> None:
    """No locked release has been withdrawn; how old each file's are is written down."""
    if not is_reachable():
        proof.row("supply-ages", file="all", releases="NOT LOOKED UP: no package index was reached")
        pytest.skip("no package index could be reached")
    found = {(r.name, r.version): r for r in releases(pins(EVERYTHING), tmp_path)}
    now = datetime.now(UTC)
    for file in FILES:
        part = [found[pin.name, pin.version] for pin in pins(file)]
        ages = [(now - release.uploaded).days for release in part]
        old = [f"{r.name} ({r.uploaded.year})" for r in part if now - r.uploaded > OLD]
        proof.row(
            "supply-ages",
            file=f"`{file}`",
            releases=len(part),
            withdrawn=sum(release.yanked for release in part),
            newest=f"{min(ages)} days",
            median=f"{median(ages):.0f} days",
            older_than_three_years=", ".join(old) or "none",
        )
    assert [release for release in found.values() if release.yanked] == []


@whole
def test_same_again(tmp_path: Path, proof: Record) -> None:
    """From versions alone, `make lock` comes to the same files, each hash among it."""
    if not is_reachable():
        proof.row("supply-lock", file="all", releases="NOT LOCKED AGAIN: no index was reached")
        pytest.skip("no package index could be reached")
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for file in FILES:
        versions = "".join(f"{pin.requirement}\n" for pin in pins(file))
        (tmp_path / file).write_text(versions)
    planned = run(["make", "--dry-run", "lock"], environment(), ROOT).stdout.replace("\\\n", " ")
    commands = re.findall(r"^\S+/uv (pip compile .*)$", planned, re.MULTILINE)
    assert len(commands) == len(FILES)
    for command in commands:
        ask([UV, *shlex.split(command)], tmp_path)
    for file in FILES:
        is_same = (tmp_path / file).read_bytes() == (ROOT / file).read_bytes()
        hashes = sum(len(pin.hashes) for pin in pins(file))
        proof.row(
            "supply-lock",
            file=f"`{file}`",
            releases=len(pins(file)),
            hashes=hashes,
            locked_again="the same bytes" if is_same else "DIFFERENT",
        )
        assert is_same, file
