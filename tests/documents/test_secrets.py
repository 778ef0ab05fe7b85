"""What the document on runtime secrets says is so."""

import re
from pathlib import Path
from typing import get_args

import pytest

from secrets_service import catalog_file
from secrets_service.catalog_file import Surroundings
from secrets_service.errors import SecretError
from secrets_service.policy import Objection
from tests.documents.commands import here, shown
from tests.processes import ROOT, as_checkout, environment, run

DOCUMENT = "secrets_service/README.md"
TEXT = (ROOT / DOCUMENT).read_text()


@pytest.fixture(autouse=True)
def _checkout(tmp_path: Path) -> None:
    """Be in a checkout."""
    as_checkout(tmp_path)


@pytest.mark.parametrize("command", shown(DOCUMENT, r"astropiks secrets"))
def test_secrets_commands(tmp_path: Path, command: str) -> None:
    """The commands in the document on secrets run as pasted."""
    env = environment(RUNTIME_SECRET_MAPS_KEY="value")
    ended = run(["sh", "-c", here(command)], env, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip()


def test_catalog_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalog in the document on secrets can be used."""
    (toml,) = re.findall(r"^```toml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "payments").write_text("value")
    path = tmp_path / "secrets.toml"
    path.write_text(toml.replace("/run/secrets/payments", str(tmp_path / "payments")))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    secrets = catalog_file.read(path, Surroundings({"MAPS_KEY": "value"}, lambda _: None))
    assert set(secrets) == {"maps-key", "payments-key"}


def test_audit_reasons() -> None:
    """The document on secrets explains every reason in the trail, and no other."""
    table = TEXT.partition("## The trail")[2]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    told = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    kinds = {kind.reason for kind in SecretError.__subclasses__()} - {"not_for_client"}
    assert told == kinds | {*get_args(Objection), "unknown"}
