"""What the documents say is so."""

import json
import re
import shlex
import sys
from pathlib import Path

import httpx
import pytest

from edge.environment import ALIASES, SECRET_VARIABLES
from edge.settings import Settings, variables
from tests.conftest import make_settings
from tests.documents.commands import here, one_shown, shown
from tests.processes import (
    ASTROPIKS,
    ROOT,
    as_checkout,
    environment,
    free_port,
    run,
    running,
    wait_for,
)

DOCUMENT = "README.md"
README = (ROOT / DOCUMENT).read_text()
ENV_EXAMPLE = (ROOT / ".env.example").read_text()

MAKE = {"make run": ".venv/bin/astropiks dev", "make test": ".venv/bin/python -m pytest"}
TOKENS = shown(DOCUMENT, r"^\.venv/bin/astropiks token")
ASK = one_shown(DOCUMENT, r"^curl .*token mint.*2021-10-12")
PICTURES = one_shown(DOCUMENT, "^IMAGE_PROXY")
INSTALL = one_shown(DOCUMENT, "^pip install")
STANDINS = shown(DOCUMENT, r"astropiks standin .*[^&]$")
CHANGE = one_shown(DOCUMENT, "PATCH")
PRODUCTION = shown(DOCUMENT, r"astropiks serve$|^NASA_API_KEY.* doctor --live$")
DOCTOR = one_shown(DOCUMENT, r"astropiks doctor --dev$")


@pytest.fixture(autouse=True)
def _checkout(tmp_path: Path) -> None:
    """Be in a checkout."""
    as_checkout(tmp_path)


def default(field: str) -> str:
    """Give a setting's default as it is written in the environment."""
    value = Settings.model_fields[field].get_default()
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None or not isinstance(value, str | int) else str(value)


def test_settings_table() -> None:
    """README's table is the settings: names, defaults, meanings, in order."""
    rows = re.findall(r"^\| `([A-Z0-9_]+)` \| (.*?) ?\| (.*) \|$", README, re.MULTILINE)
    expected = [
        (
            name,
            f"`{default(field)}`" if default(field) else "",
            Settings.model_fields[field].description,
        )
        for name, field in variables().items()
    ]
    assert rows == expected


def test_env_example() -> None:
    """`.env.example` has every setting with its default, and nothing else."""
    lines = re.findall(r"^# ([A-Z0-9_]+)=(.*)$", ENV_EXAMPLE, re.MULTILINE)
    assert lines == [(name, default(field)) for name, field in variables().items()]


@pytest.mark.parametrize("name", [*(f"{name}_FILE" for name in SECRET_VARIABLES), *ALIASES])
def test_other_names(name: str) -> None:
    """Both documents tell of the other ways to give a secret."""
    assert name in README
    assert name in ENV_EXAMPLE


def test_env_example_is_a_configuration(tmp_path: Path) -> None:
    """`.env.example` works with every line taken in, as it does with none."""
    uncommented = re.sub(r"^# ([A-Z0-9_]+=)", r"\1", ENV_EXAMPLE, flags=re.MULTILINE)
    (tmp_path / ".env").write_text(uncommented)
    ended = run([*ASTROPIKS, "token", "mint"], environment(), tmp_path)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("command", shown(DOCUMENT, r"^make (run|test)$"))
def test_make_commands(command: str) -> None:
    """The make targets do what README says; `make run` itself is run by the tests of `dev`."""
    planned = run([*command.split(), "--dry-run"], environment(), ROOT).stdout
    assert MAKE[command] in planned


@pytest.mark.parametrize("command", TOKENS)
def test_token_commands(tmp_path: Path, command: str) -> None:
    """README's token commands run as pasted, and print one token or its explanation."""
    ended = run(["sh", "-c", here(command)], environment(), tmp_path)
    assert "Made a development secret" in ended.stderr
    said = ended.stdout
    assert said.count(".") == 2 or "refused: expired" in said or "\nSignature: install=:" in said


def test_curl_command(tmp_path: Path) -> None:
    """README's curl line gets the answer that stands below it."""
    shown = re.findall(r"^```json\n(.*?)\n```", README, re.MULTILINE | re.DOTALL)[0]
    beginning, _, end = shown.partition("…")
    port, output = free_port(), tmp_path / "output"
    with running([*ASTROPIKS, "dev"], environment(PORT=str(port)), tmp_path, output) as process:
        wait_for(port, process, output)
        command = here(ASK).replace("8080", str(port))
        answer = run(["sh", "-c", command], environment(), tmp_path).stdout.strip()
    assert answer.startswith(beginning)
    assert answer.endswith(end.replace("8080", str(port)))


def test_pictures_command(tmp_path: Path) -> None:
    """README's command for pictures and other APIs serves both."""
    *assignments, make, target = PICTURES.split()
    assert (make, target) == ("make", "run")
    variables = dict(one.split("=", 1) for one in assignments)
    port, output = free_port(), tmp_path / "output"
    env = environment(PORT=str(port), **variables)
    with running([*ASTROPIKS, "dev"], env, tmp_path, output) as process:
        wait_for(port, process, output)
        token = run([*ASTROPIKS, "token", "mint"], env, tmp_path).stdout.strip()
        headers, base = {"Approov-Token": token}, f"http://127.0.0.1:{port}"
        record = httpx.get(f"{base}/planetary/apod?date=2021-10-12", headers=headers).json()
        public = variables["PUBLIC_BASE_URL"]
        picture = httpx.get(record["url"].replace(public, base), headers=headers)
        feed = httpx.get(f"{base}/neo/rest/v1/feed", headers=headers)
    assert record["hdurl"].startswith(f"{public}/v2/apod.nasa.gov/")
    assert picture.headers["Content-Type"] == "image/png"
    assert feed.json()["element_count"] == 1


def test_app_json() -> None:
    """What a platform asks for at deployment are settings, with values that can be used."""
    asked = json.loads((ROOT / "app.json").read_text())["env"]
    assert asked.keys() <= variables().keys()
    given = {variables()[name]: one["value"] for name, one in asked.items() if "value" in one}
    assert make_settings(**given).forwarded_allow_ips == "*"


def test_install_command() -> None:
    """README's installation fits what is tested: every pinned package is here already."""
    pip = [sys.executable, "-m", *INSTALL.split(), "--dry-run", "--no-index"]
    ended = run(pip, environment(), ROOT)
    assert ended.returncode == 0, ended.stderr
    assert "Would install" not in ended.stdout


def test_standin_commands(tmp_path: Path) -> None:
    """README's stand-in commands serve, and its control address changes what they answer."""
    faulty, slow = STANDINS
    for command in (faulty, slow):
        port, output = free_port(), tmp_path / "output"
        arguments = shlex.split(here(command).replace("8090", str(port)))
        with running(arguments, environment(), tmp_path, output) as process:
            wait_for(port, process, output)
            base = f"http://127.0.0.1:{port}"
            conditions = httpx.get(f"{base}/standin/conditions").json()
            if command is faulty:
                record = httpx.get(f"{base}/planetary/apod?api_key=DEMO_KEY").json()
                assert record["title"] == "NASA Science"
            else:
                assert conditions["latency_seconds"] == 2
                assert conditions["missing_days"] == ["2026-11-23"]
            answer = run(["sh", "-c", CHANGE.replace("8090", str(port))], environment(), tmp_path)
            assert json.loads(answer.stdout)["faults"] == {"legacy": "503", "pictures": "html"}


@pytest.mark.parametrize("command", PRODUCTION)
def test_production_commands(tmp_path: Path, command: str) -> None:
    """README's production commands reach the check of the settings, which refuses the example."""
    ended = run(["sh", "-c", command], environment(), tmp_path)
    assert ended.returncode == 2
    said = ended.stdout + ended.stderr
    assert "APPROOV_BASE64_SECRET" in said
    assert "NASA_API_KEY is" not in said
    assert "your-secret" not in said


def test_doctor(tmp_path: Path) -> None:
    """README's first command for a check finds nothing wrong with what a laptop begins with."""
    ended = run(["sh", "-c", here(DOCTOR)], environment(), tmp_path)
    assert ended.returncode == 0, ended.stdout
