"""The Lambda authorizer's zip file, its template, and its document."""

import re
import sys
import zipfile
from pathlib import Path

import pytest

from gateways.aws_lambda import package, settings
from tests.processes import PATH, ROOT, run

FOLDER = ROOT / "gateways" / "aws_lambda"
TEMPLATE = (FOLDER / "template.yaml").read_text()
README = (FOLDER / "README.md").read_text()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Be the zip file."""
    path = tmp_path_factory.mktemp("zip") / "new" / "authorizer.zip"
    package.write(path)
    return path


def test_reproducible(archive: Path, tmp_path: Path) -> None:
    """Two builds have the same bytes, in whatever process, whatever the times of the files."""
    command = [sys.executable, "-m", "gateways.aws_lambda.package", str(tmp_path / "x.zip")]
    outcome = run(command, {"PATH": PATH, "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7"}, ROOT)
    assert outcome.returncode == 0, outcome.stderr
    assert (tmp_path / "x.zip").read_bytes() == archive.read_bytes()


def test_contents(archive: Path) -> None:
    """There are modules in it and licences, no compiled part, no tests and nothing of boto3."""
    with zipfile.ZipFile(archive) as opened:
        names = opened.namelist()
        assert {entry.date_time[0] for entry in opened.infolist()} == {1980}
        assert {entry.external_attr >> 16 for entry in opened.infolist()} == {0o100644}
    assert names == sorted(set(names))
    assert all(name.endswith(".py") or "/licenses/" in name for name in names)
    tops = {name.partition("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {
        "attestation", "cachetools", "gateways", "http_sf", "jwt", "typing_extensions.py"
    }  # fmt: skip
    assert "gateways/aws_lambda/handler.py" in names


def test_enough(archive: Path, tmp_path: Path) -> None:
    """The function can be loaded with what is in the zip file, and the standard library."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path)
    command = [sys.executable, "-S", "-c", "import gateways.aws_lambda.handler"]
    outcome = run(command, {"PATH": PATH, "PYTHONPATH": str(tmp_path)}, tmp_path)
    assert outcome.returncode == 0, outcome.stderr


def test_compiled_part(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package with compiled parts, which would fit one kind of machine only, is refused."""
    monkeypatch.setattr(package, "PACKAGES", ("cryptography",))
    with pytest.raises(package.CompiledPartError, match="cryptography"):
        package.write(tmp_path / "x.zip")


def test_template() -> None:
    """cfn-lint finds nothing wrong with the template."""
    command = [str(Path(sys.executable).parent / "cfn-lint"), str(FOLDER / "template.yaml")]
    outcome = run(command, {"PATH": PATH}, ROOT)
    assert outcome.returncode == 0, outcome.stdout


def test_template_caches_nothing_bound() -> None:
    """With binding no verdict is remembered, by either kind of API; else as long as is said."""
    lifetimes = re.findall(r"AuthorizerResultTtlInSeconds: (.+)", TEMPLATE)
    assert lifetimes == ["!If [IsBound, 0, !Ref CacheSeconds]"] * 2
    assert '  IsBound: !Not [!Equals [!Ref BindingHeaders, ""]]' in TEMPLATE


def test_template_settings() -> None:
    """The template sets what the function reads, and calls what is in the zip file."""
    assert set(re.findall(r"APPROOV_[A-Z0-9_]+", TEMPLATE)) <= settings.NAMES
    assert "Handler: gateways.aws_lambda.handler.handle" in TEMPLATE
    assert "CodeUri: authorizer.zip" in TEMPLATE


def test_settings_table() -> None:
    """The document's table has every setting, and no other."""
    assert set(re.findall(r"^\| `([A-Z0-9_]+)` \|", README, re.MULTILINE)) == settings.NAMES
