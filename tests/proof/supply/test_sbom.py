"""The bill of materials, docs/sbom.cdx.json."""

import json
import re

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.processes import ROOT
from tests.proof.supply.lock import OPTIONAL, RUNTIME, US, deployed, parse, pins
from tests.proof.supply.sbom import VERSION, bill

FILE = ROOT / "docs" / "sbom.cdx.json"


def test_present() -> None:
    """The bill is of what is locked now; if not, `make sbom` writes it."""
    assert FILE.read_text() == bill()


def test_valid() -> None:
    """It is CycloneDX, strictly; and a bill that is not is seen as none."""
    validator = JsonStrictValidator(SchemaVersion.from_version(VERSION))
    assert validator.validate_str(bill()) is None
    assert validator.validate_str(bill().replace('"purl"', '"pearl"')) is not None


def test_complete() -> None:
    """Every locked line and hash is in it, and each release is led to from ourselves."""
    told = json.loads(bill())
    text = "".join((ROOT / file).read_text() for file in (RUNTIME, *OPTIONAL))
    locked = set(re.findall(r"^([\w.-]+)==([^\s;\\]+)", text, re.MULTILINE))
    assert {(part["name"], part["version"]) for part in told["components"]} == locked
    hashes = {digest["content"] for part in told["components"] for digest in _hashes(part)}
    assert hashes == set(re.findall(r"--hash=sha256:(\w+)", text))
    leads = {entry["ref"]: entry["dependsOn"] for entry in told["dependencies"]}
    reached, new = {US}, {US}
    while new := {ref for known in new for ref in leads[known]} - reached:
        reached |= new
    assert reached == set(leads) == {US, *(part["bom-ref"] for part in told["components"])}


def test_silent() -> None:
    """It tells nothing of when, where, or from which index it was made."""
    text = bill()
    assert re.findall(r"\w+://[^\"]+", text) == [json.loads(text)["$schema"]]
    assert not {"serialNumber", "timestamp"} & set(re.findall(r'"(\w+)":', text))


def test_optional() -> None:
    """What only an extra brings is optional; what every deployment has is required."""
    scopes = {
        (part["name"], part["version"]): part["scope"] for part in json.loads(bill())["components"]
    }
    always = {(pin.name, pin.version) for pin in pins(RUNTIME)}
    assert {release for release, scope in scopes.items() if scope == "required"} == always
    assert scopes["boto3", next(p.version for p in deployed() if p.name == "boto3")] == "optional"


def test_parse() -> None:
    """Locked lines are read with version, marker, hashes and who wants them."""
    text = (
        "one==1.0 ; sys_platform == 'win32' \\\n    --hash=sha256:" + "a" * 64 + " \\\n"
        "    --hash=sha256:" + "b" * 64 + "\n    # via\n    #   -c requirements.txt\n"
        "    #   astropiks-proxy (pyproject.toml)\n    #   two\n"
        "two==2.0 \\\n    --hash=sha256:" + "c" * 64 + "\n    # via astropiks-proxy (x)\n"
    )
    one, two = parse(text)
    assert (one.name, one.version, one.marker) == ("one", "1.0", "sys_platform == 'win32'")
    assert ("".join(one.hashes), one.wanted_by) == ("a" * 64 + "b" * 64, (US, "two"))
    assert (two.wanted_by, two.requirement) == ((US,), "two==2.0")


def _hashes(part: dict[str, list[dict[str, list[dict[str, str]]]]]) -> list[dict[str, str]]:
    return part["externalReferences"][0]["hashes"]
