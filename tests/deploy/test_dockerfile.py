"""What the Dockerfile says, and what it may copy."""

import sys
import tomllib
from pathlib import Path

import pytest

from astropiks import server, stopping
from edge.health import PATHS
from edge.settings import Settings
from tests.deploy.dockerfile import context, health_command, ignore_patterns, stages
from tests.processes import ROOT, environment, run

TEXT = (ROOT / "Dockerfile").read_text()
LAST = stages(TEXT)[-1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def test_lint() -> None:
    """Hadolint has nothing to say."""
    hadolint = Path(sys.executable).parent / "hadolint"
    ended = run([str(hadolint), "Dockerfile"], environment(), ROOT)
    assert (ended.returncode, ended.stdout) == (0, "")


def test_one_python() -> None:
    """Every stage and every platform has the same Python, which is new enough."""
    version = (ROOT / ".python-version").read_text().strip()
    assert {stage.base for stage in stages(TEXT)} == {f"python:{version}-slim-trixie"}
    least = PROJECT["project"]["requires-python"].removeprefix(">=")
    assert [int(part) for part in version.split(".")] >= [int(part) for part in least.split(".")]


def test_locked_packages() -> None:
    """Packages are installed as they are locked, and nothing is built."""
    (install,) = [step for step in stages(TEXT)[0].steps if "pip" in step.text]
    assert {"--require-hashes", "--only-binary", ":all:", "requirements.txt"} <= set(
        install.text.split()
    )


def test_copied_packages() -> None:
    """The packages of the project are copied, and no other folders."""
    copied = {step.words[0] for step in stages(TEXT)[0].steps if step.name == "COPY"}
    assert {name for name in copied if (ROOT / name).is_dir()} == set(PACKAGES)


def test_unprivileged() -> None:
    """It runs as a user by number, so that a platform can see that this is not root."""
    user, group = LAST.last("USER").text.split(":")
    assert int(user) >= 10000
    assert int(group) >= 10000


def test_command() -> None:
    """What starts is what a platform's Procfile starts, with no shell between."""
    procfile = (ROOT / "Procfile").read_text().strip().removeprefix("web: ")
    assert LAST.last("CMD").arguments == procfile.split()


def test_port_and_health() -> None:
    """The port is the setting's default, and the health check asks whether it is ready."""
    port = str(Settings.model_fields["port"].default)
    assert LAST.last("EXPOSE").text == port
    assert f"PORT={port}" in LAST.last("ENV").words
    check = " ".join(health_command(LAST.last("HEALTHCHECK")))
    assert PATHS[1] == "/readyz"
    assert "'/readyz'" in check
    assert f"or {port}" in check


def test_time_to_stop() -> None:
    """What all platforms are told, 30 s, is enough for a process to end well."""
    assert stopping.ANNOUNCE_SECONDS + server.SHUTDOWN_SECONDS + 5 <= 30


def test_nothing_else_is_sent() -> None:
    """Docker is sent the packages and two files: no secret, no history, nothing unknown to Git."""
    files = {path.as_posix() for path in context(ignore_patterns())}
    ls = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = run(ls, environment(), ROOT).stdout.split()
    packages = tuple(f"{name}/" for name in PACKAGES)
    needed = {name for name in listed if name.startswith(packages) and not name.endswith(".md")}
    assert files == needed | {"requirements.txt", "pyproject.toml"}


@pytest.mark.parametrize(
    "path", [".env", ".astropiks/secret", ".git/config", ".venv/pyvenv.cfg", "tests/conftest.py"]
)
def test_left_out(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that must not be in an image is left out wherever it lies."""
    monkeypatch.setattr("tests.deploy.dockerfile.ROOT", tmp_path)
    for name in (path, f"proxy/{path}", "proxy/app.py"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    rules = (ROOT / ".dockerignore").read_text().split()
    kept = {one.as_posix() for one in context([rule for rule in rules if rule[0] in "!*"])}
    assert path not in kept
    assert "proxy/app.py" in kept
    if path.startswith("."):
        assert f"proxy/{path}" not in kept
