"""Write what a deployment consists of: `python -m tests.proof.supply.sbom FILE`, as CycloneDX JSON.

A software bill of materials of the locked files, the same bytes each time: it has no serial number
and no time of its own, and says nothing of where a package was had. Not in it are Python itself,
and what lies below it in an image or on a platform.
"""

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.processes import ROOT
from tests.proof.supply.licences import licence
from tests.proof.supply.lock import US, Pin, deployed

VERSION = "1.6"


def bill() -> str:
    """Give the bill of materials of what is locked for deployments."""
    return json.dumps(materials(deployed()), indent=1) + "\n"


def materials(found: Mapping[Pin, bool]) -> dict[str, Any]:
    """Give the bill of *found*: releases, and whether every deployment has them."""
    ours = _ourselves()
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{VERSION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": VERSION,
        "version": 1,
        "metadata": {"component": ours},
        "components": [component(pin, everywhere=always) for pin, always in found.items()],
        "dependencies": [
            {"ref": ref, "dependsOn": sorted(url(pin) for pin in found if name in pin.wanted_by)}
            for ref, name in [(ours["bom-ref"], US), *((url(pin), pin.name) for pin in found)]
        ],
    }


def component(pin: Pin, *, everywhere: bool) -> dict[str, Any]:
    """Give a release: SHA-256 of each of its files, licence, and where it is installed."""
    hashes = [{"alg": "SHA-256", "content": digest} for digest in pin.hashes]
    described = {
        "type": "library",
        "bom-ref": url(pin),
        "name": pin.name,
        "version": pin.version,
        "scope": "required" if everywhere else "optional",
        "licenses": _licences(licence(pin.name)),
        "purl": url(pin),
        "externalReferences": [{"type": "distribution", "url": url(pin), "hashes": hashes}],
    }
    marker = [{"name": f"{US}:marker", "value": pin.marker}] if pin.marker else []
    return described | ({"properties": marker} if marker else {})


def url(pin: Pin) -> str:
    """Give a release's package URL (ECMA-427)."""
    return f"pkg:pypi/{pin.name}@{pin.version}"


def _ourselves() -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "type": "application",
        "bom-ref": US,
        "name": US,
        "version": project["version"],
        "description": project["description"],
        "licenses": _licences(project["license"]),
    }


def _licences(expression: str | None) -> list[dict[str, Any]]:
    if expression is None:
        return []
    if " " in expression:
        return [{"expression": expression}]
    return [{"license": {"id": expression}}]


def main() -> None:
    """Write the bill."""
    Path(sys.argv[1]).write_text(bill())


if __name__ == "__main__":
    main()
