"""What the verifier's document says is so."""

import base64
import re

import pytest

from attestation.claims import Attestation
from standin.calendar import SettableClock
from tests.conftest import SECRET
from tests.processes import ROOT


def test_example(token: str, monkeypatch: pytest.MonkeyPatch, clock: SettableClock) -> None:
    """The verifier's example runs as it stands."""
    text = (ROOT / "attestation" / "README.md").read_text()
    (example,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    monkeypatch.setattr("time.time", clock)
    names = {"secret": base64.b64encode(SECRET).decode(), "token": token.encode()}
    exec(example, names)  # noqa: S102
    assert isinstance(names["attestation"], Attestation)
