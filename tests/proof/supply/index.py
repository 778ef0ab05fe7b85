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
from typing import Any

from tests.proof.supply.asking import ask
from tests.proof.supply.lock import Pin

UV = Path(sys.executable).with_name("uv")

_YANKED = re.compile(r"`([\w.-]+)==(\S+?)` is yanked")


@dataclass(frozen=True, slots=True)
class Release:
    """A release: when its first file was uploaded, and whether it has been withdrawn since."""

    name: str
    version: str
    uploaded: datetime
    yanked: bool


def releases(pins: Sequence[Pin], folder: Path, *options: str) -> list[Release]:
    """Look up *pins*; *folder* is for passing files.

    Raises:
        UnansweredError: the index was not reached, or does not have one of them.
    """
    wanted = "".join(f'  "{pin.requirement}",\n' for pin in pins)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "locked"\nversion = "0"\nrequires-python = ">=3.11"\n'
        f"dependencies = [\n{wanted}]\n"
    )
    _, said = ask([UV, "lock", *options], folder)
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


def _times(package: dict[str, Any]) -> list[str]:
    files = [*package.get("wheels", ()), *([package["sdist"]] if "sdist" in package else ())]
    return [file["upload-time"] for file in files]
