"""What a database of vulnerabilities says of locked releases, asked by pip-audit.

pip-audit calls everything well that its database did not know, and exits with 0: also where
it reached none at all. So what has been looked up is counted here.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.proof.supply.asking import ask
from tests.proof.supply.lock import Pin

ACCEPTED: dict[str, str] = {}
"""Vulnerabilities, by id, that do not touch us, and why."""

Release = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Audit:
    """Which releases were looked up, and the ids of what is known of them."""

    known: frozenset[Release]
    holes: dict[Release, tuple[str, ...]]

    def of(self, pins: Iterable[Pin]) -> "Audit":
        """Give the part that is about *pins*."""
        releases = {(pin.name, pin.version) for pin in pins}
        holes = {release: ids for release, ids in self.holes.items() if release in releases}
        return Audit(self.known & releases, holes)


def audit(pins: Sequence[Pin], folder: Path, *options: str) -> Audit:
    """Have every release looked up, for whichever system it is; *folder* is for passing files.

    Raises:
        UnansweredError: pip-audit did not reach its database.
    """
    answers = []
    for number, once in enumerate(rounds(pins)):
        file = folder / f"round-{number}.txt"
        file.write_text("".join(_line(pin) for pin in once))
        answers.append(_ask(file, options))
    return read(answers)


def read(answers: Iterable[str]) -> Audit:
    """Read what pip-audit writes as JSON; what it has skipped has not been looked up."""
    entries = [entry for answer in answers for entry in json.loads(answer)["dependencies"]]
    found = {
        (entry["name"], entry["version"]): tuple(hole["id"] for hole in entry["vulns"])
        for entry in entries
        if "skip_reason" not in entry
    }
    return Audit(frozenset(found), {release: ids for release, ids in found.items() if ids})


def rounds(pins: Sequence[Pin]) -> list[list[Pin]]:
    """Divide *pins* so that each part has a package once: pip-audit takes no more."""
    parts: list[list[Pin]] = []
    for pin in pins:
        part = next((p for p in parts if pin.name not in {other.name for other in p}), None)
        if part is None:
            parts.append(part := [])
        part.append(pin)
    return parts


def _line(pin: Pin) -> str:
    return f"{pin.name}=={pin.version} {' '.join(f'--hash=sha256:{h}' for h in pin.hashes)}\n"


def _ask(file: Path, options: Sequence[str]) -> str:
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    command += ["--progress-spinner", "off", "--cache-dir", str(file.parent / "cache")]
    command += ["--format", "json", "--requirement", str(file), *options]
    return ask(command, file.parent)[0]
