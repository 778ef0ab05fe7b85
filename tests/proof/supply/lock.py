"""The locked files, read: which releases, with which hashes, wanted by whom."""

import re
from dataclasses import dataclass, replace

from tests.processes import ROOT

RUNTIME = "requirements.txt"
OPTIONAL = ("requirements-aws.txt", "requirements-otel.txt")
EVERYTHING = "requirements-dev.txt"
"""All that is locked is in it, besides what only the development needs."""

FILES = (RUNTIME, *OPTIONAL, EVERYTHING)

US = "astropiks-proxy"

_PIN = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\\n]+?))? \\\n"
    r"(?P<hashes>(?: +--hash=.*\n)+)(?P<via>(?: +#.*\n)*)",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Pin:
    """One release: its name as the index spells it, and the SHA-256 of all its files.

    *wanted_by* are the packages that need it, ourselves among them; *marker* says on which Python
    or system it is installed (PEP 508), and is empty if on all.
    """

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    wanted_by: tuple[str, ...]

    @property
    def requirement(self) -> str:
        """Give the line that pip takes, without hashes."""
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


def pins(file: str) -> list[Pin]:
    """Read a locked file of ours."""
    return parse((ROOT / file).read_text())


def parse(text: str) -> list[Pin]:
    """Read what `make lock` writes."""
    return [
        Pin(
            found["name"],
            found["version"],
            found["marker"] or "",
            tuple(re.findall(r"--hash=sha256:(\w{64})\b", found["hashes"])),
            tuple(
                re.findall(r"# +(?:via )?([\w.-]+)(?= \(|$)(?<! via)", found["via"], re.MULTILINE)
            ),
        )
        for found in _PIN.finditer(text)
    ]


def deployed() -> dict[Pin, bool]:
    """Give what a deployment can hold, and whether each does: what only extras bring may lack."""
    found: dict[tuple[str, str], Pin] = {}
    for pin in (pin for file in (RUNTIME, *OPTIONAL) for pin in pins(file)):
        known = found.setdefault((pin.name, pin.version), pin)
        wanted_by = tuple(sorted({*known.wanted_by, *pin.wanted_by}))
        found[pin.name, pin.version] = replace(known, wanted_by=wanted_by)
    always = {(pin.name, pin.version) for pin in pins(RUNTIME)}
    return {pin: release in always for release, pin in sorted(found.items())}
