"""What the package index says of locked releases: when they came out, and which were withdrawn.

uv is asked, which writes down when each file was uploaded, and warns of releases that are yanked
(PEP 592).
"""

import re
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.proof.supply.asking import UnansweredError, ask
from tests.proof.supply.lock import Pin

UV = Path(sys.executable).with_name("uv")

ANY_PACKAGE = "h11"
"""Every index has it."""

_YANKED = re.compile(r"`([\w.-]+)==(\S+?)` is yanked")


@dataclass(frozen=True, slots=True)
class Release:
    """A release: when its first file was uploaded, and whether it has been withdrawn since."""

    name: str
    version: str
    uploaded: datetime
    yanked: bool


def is_reachable(*options: str) -> bool:
    """Tell whether an index answers. Where it does, what else it does not give is missing there."""
    with TemporaryDirectory() as folder:
        try:
            _lock([ANY_PACKAGE], Path(folder), *options)
        except UnansweredError:
            return False
        return True


def releases(pins: Sequence[Pin], folder: Path, *options: str) -> list[Release]:
    """Look up *pins*; *folder* is for passing files.

    Raises:
        UnansweredError: the index was not reached, or does not have one of them.
    """
    said = _lock([pin.requirement for pin in pins], folder, *options)
    yanked = set(_YANKED.findall(said))
    found = tomllib.loads((folder / "uv.lock").read_text())["package"]
    return [
        Release(
            package["name"],
            package["version"],
            min(datetime.fromisoformat(time) for time in _times(package)),
            (package["name"], package["version"]) in yanked,
        )
        for package in found
        if "registry" in package["source"]
    ]


def _lock(requirements: Sequence[str], folder: Path, *options: str) -> str:
    """Have uv look requirements up; give what it says besides."""
    wanted = "".join(f'  "{requirement}",\n' for requirement in requirements)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "locked"\nversion = "0"\nrequires-python = ">=3.11"\n'
        f"dependencies = [\n{wanted}]\n"
    )
    _, said = ask([UV, "lock", *options], folder)
    return said


def _times(package: dict[str, Any]) -> list[str]:
    files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
    return [file["upload-time"] for file in files]
