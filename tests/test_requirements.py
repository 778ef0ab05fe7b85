"""The locked requirement files."""

import re

from tests.processes import ROOT

FILES = (
    "requirements.txt",
    "requirements-aws.txt",
    "requirements-otel.txt",
    "requirements-dev.txt",
)


def test_locked_requirements() -> None:
    """The locked files carry versions and hashes, and no address."""
    for name in FILES:
        text = (ROOT / name).read_text()
        pins = [line for line in text.splitlines() if re.match(r"\w", line)]
        assert "://" not in text
        assert all(re.match(r"[\w.-]+==\S+.*\\$", line) for line in pins)
        assert text.count("--hash=sha256:") >= len(pins) > 20


def test_same_versions() -> None:
    """What is tested is what a platform installs."""
    pins = [
        set(re.findall(r"^([\w.-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in FILES
    ]
    *parts, whole = pins
    assert all(pins[0] <= part <= whole for part in parts)
