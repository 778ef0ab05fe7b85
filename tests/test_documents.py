"""What the documents say is so."""

import base64
import json
import re
import shlex
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import get_args

import httpx
import pytest

from attestation.claims import Attestation
from edge.environment import ALIASES, SECRET_VARIABLES
from edge.settings import Settings, variables
from proxy.errors import SourceError
from secrets_service import catalog_file
from secrets_service.catalog_file import Surroundings
from secrets_service.errors import SecretError
from secrets_service.policy import Objection
from standin.calendar import SettableClock
from tests.attestation.test_token import kinds
from tests.conftest import SECRET, make_settings
from tests.processes import ASTROPIKS, ROOT, environment, free_port, run, running, wait_for
from tests.redis_server import program

README = (ROOT / "README.md").read_text()
ENV_EXAMPLE = (ROOT / ".env.example").read_text()

COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
]

SECRETS = (ROOT / "secrets_service" / "README.md").read_text()
SECRETS_COMMANDS = re.findall(r"^\.venv/bin/astropiks secrets .*", SECRETS, re.MULTILINE)

MAKE = {"make run": ".venv/bin/astropiks dev", "make test": ".venv/bin/python -m pytest"}
OTHERS = [
    "curl ",
    ".venv/bin/astropiks token ",
    ".venv/bin/astropiks standin ",
    "NASA_API_KEY=your-key ",
    "pip install ",
    "IMAGE_PROXY=on ",
    "export ",
    "redis-server ",
    "PORT=",
    "for port in ",
]


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


def test_reasons() -> None:
    """README explains every reason code, and no other."""
    table = README.partition("## Why requests are refused")[2].partition("## ")[0]
    codes = {
        code
        for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
        for code in re.findall(r"`(\w+)`", row)
    }
    assert codes == {kind.reason for kind in kinds()}


def test_outcomes() -> None:
    """README names every outcome that a call of NASA can have."""
    line = README.partition("A `nasa_call` line")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", line))
    failures = {kind.outcome for kind in SourceError.__subclasses__()}
    assert named - {"outcome"} == failures | {"answered", "nothing", "cancelled", "defect"}


def test_commands_are_known() -> None:
    """Every command in README is one that a test here runs."""
    assert len(COMMANDS) >= 8
    assert [c for c in COMMANDS if c not in MAKE and not c.startswith(tuple(OTHERS))] == []


@pytest.mark.parametrize("command", MAKE)
def test_make_commands(command: str) -> None:
    """The make targets do what README says; `make run` itself is run by the tests of `dev`."""
    planned = run([*command.split(), "--dry-run"], environment(), ROOT).stdout
    assert MAKE[command] in planned


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if c.startswith(".venv/bin/astropiks token")]
)
def test_token_commands(tmp_path: Path, command: str) -> None:
    """README's token commands run as pasted, and print one token or its explanation."""
    ended = run(["sh", "-c", here(command)], environment(), tmp_path)
    assert "Made a development secret" in ended.stderr
    said = ended.stdout
    assert said.count(".") == 2 or "refused: expired" in said or "\nSignature: install=:" in said


def test_curl_command(tmp_path: Path) -> None:
    """README's curl line gets the answer that stands below it."""
    (command,) = [c for c in COMMANDS if c.startswith("curl ") and "token mint" in c]
    shown = re.findall(r"^```json\n(.*?)\n```", README, re.MULTILINE | re.DOTALL)[0]
    beginning, _, end = shown.partition("…")
    port, output = free_port(), tmp_path / "output"
    with running([*ASTROPIKS, "dev"], environment(PORT=str(port)), tmp_path, output) as process:
        wait_for(port, process, output)
        command = here(command).replace("8080", str(port))
        answer = run(["sh", "-c", command], environment(), tmp_path).stdout.strip()
    assert answer.startswith(beginning)
    assert answer.endswith(end)


def test_pictures_command(tmp_path: Path) -> None:
    """README's command for pictures and other APIs serves both."""
    (command,) = [command for command in COMMANDS if command.startswith("IMAGE_PROXY")]
    *assignments, make, target = command.split()
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


@pytest.mark.parametrize("command", SECRETS_COMMANDS)
def test_secrets_commands(tmp_path: Path, command: str) -> None:
    """The commands in the document on secrets run as pasted."""
    env = environment(RUNTIME_SECRET_MAPS_KEY="value")
    ended = run(["sh", "-c", here(command)], env, tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip()


def test_catalog_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalog in the document on secrets can be used."""
    (toml,) = re.findall(r"^```toml\n(.*?)^```", SECRETS, re.MULTILINE | re.DOTALL)
    (tmp_path / "payments").write_text("value")
    path = tmp_path / "secrets.toml"
    path.write_text(toml.replace("/run/secrets/payments", str(tmp_path / "payments")))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    secrets = catalog_file.read(path, Surroundings({"MAPS_KEY": "value"}, lambda _: None))
    assert set(secrets) == {"maps-key", "payments-key"}


def test_audit_reasons() -> None:
    """The document on secrets explains every reason in the trail, and no other."""
    table = SECRETS.partition("## The trail")[2]
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    told = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    kinds = {kind.reason for kind in SecretError.__subclasses__()} - {"not_for_client"}
    assert told == kinds | {*get_args(Objection), "unknown"}


def test_app_json() -> None:
    """What a platform asks for at deployment are settings, with values that can be used."""
    asked = json.loads((ROOT / "app.json").read_text())["env"]
    assert asked.keys() <= variables().keys()
    given = {variables()[name]: one["value"] for name, one in asked.items() if "value" in one}
    assert make_settings(**given).forwarded_allow_ips == "*"


def test_install_command() -> None:
    """README's installation fits what is tested: every pinned package is here already."""
    (command,) = [command for command in COMMANDS if command.startswith("pip")]
    pip = [sys.executable, "-m", *command.split(), "--dry-run", "--no-index"]
    ended = run(pip, environment(), ROOT)
    assert ended.returncode == 0, ended.stderr
    assert "Would install" not in ended.stdout


def test_standin_commands(tmp_path: Path) -> None:
    """README's stand-in commands serve, and its control address changes what they answer."""
    faulty, slow = (c for c in COMMANDS if " standin " in c and not c.endswith("&"))
    (change,) = [command for command in COMMANDS if "PATCH" in command]
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
            answer = run(["sh", "-c", change.replace("8090", str(port))], environment(), tmp_path)
            assert json.loads(answer.stdout)["faults"] == {"legacy": "503", "pictures": "html"}


@pytest.mark.parametrize("end", ["serve", "warm --days 366", "warm --days 12000"])
def test_production_commands(tmp_path: Path, end: str) -> None:
    """README's production commands reach the check of the settings, which refuses the example."""
    commands = [command for command in COMMANDS if command.endswith(end)]
    for command in commands:
        ended = run(["sh", "-c", command], environment(), tmp_path)
        assert ended.returncode == 2
        named = {line.split()[0] for line in ended.stderr.splitlines()[1:]}
        assert named == {"APPROOV_BASE64_SECRET"} | ({"REDIS_URL"} if "REDIS" in command else set())
    assert commands


def test_two_processes(tmp_path: Path) -> None:
    """README's two processes with one Redis answer alike, and NASA is asked once."""
    ports = {port: str(free_port()) for port in ("6390", "8090", "8081", "8082")}
    written = re.compile("|".join(ports))
    commands = [written.sub(lambda found: ports[found[0]], here(one)) for one in COMMANDS]
    exports = "\n".join(one for one in commands if one.startswith("export "))
    told = run(["sh", "-c", f"{exports}\nenv"], environment(), tmp_path).stdout
    env = dict(line.split("=", 1) for line in told.splitlines())
    started = [one.removesuffix(" &") for one in commands if one.endswith(" &")]
    (ask,) = [one for one in commands if one.startswith("for port in ")]
    (look,) = [one for one in commands if one.endswith("/standin/requests")]
    with ExitStack() as stack:
        for port, command in zip(ports, started, strict=True):
            line = command.replace("redis-server", program())
            output = tmp_path / port
            process = stack.enter_context(running(["sh", "-c", line], env, tmp_path, output))
            if port != "6390":
                wait_for(int(ports[port]), process, output)
        for port in ("8081", "8082"):
            until_redis_is_up(f"http://127.0.0.1:{ports[port]}")
        first, second = run(["sh", "-c", ask], env, tmp_path).stdout.splitlines()
        asked = json.loads(run(["sh", "-c", look], env, tmp_path).stdout)
    assert ("fwd=miss" in first, "; hit" in second) == (True, True)
    assert [one["path"] for one in asked if one["path"] != "/livez"] == ["/planetary/apod"]


def until_redis_is_up(url: str) -> None:
    """Wait until a process has found it."""
    for _ in range(500):
        if "redis" not in httpx.get(f"{url}/readyz").text:
            return
        time.sleep(0.01)
    raise AssertionError("Redis is not up")


def test_events() -> None:
    """README names every event that the service logs."""
    sources = [
        path.read_text()
        for package in ("astropiks", "proxy", "secrets_service", "edge")
        for path in (ROOT / package).rglob("*.py")
    ]
    events = {
        event
        for source in sources
        for event in re.findall(r'logs\.log\(\s*[\w"]+,\s*"(\w+)"', source)
    }
    assert len(events) > 15
    assert {event for event in events if f"`{event}`" not in README} == set()


def test_rules_are_held() -> None:
    """Every test that the verifier's table of rules names exists."""
    table = (ROOT / "attestation" / "README.md").read_text()
    named = set(re.findall(r"`(test_\w+)::(test_\w+)`", table))
    written = {
        (path.stem, name)
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert len(named) > 60
    assert named - written == set()


def test_example(token: str, monkeypatch: pytest.MonkeyPatch, clock: SettableClock) -> None:
    """The verifier's example runs as it stands."""
    text = (ROOT / "attestation" / "README.md").read_text()
    (example,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    monkeypatch.setattr("time.time", clock)
    names = {"secret": base64.b64encode(SECRET).decode(), "token": token.encode()}
    exec(example, names)  # noqa: S102
    assert isinstance(names["attestation"], Attestation)


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "android-client-notes/README.md",
        "attestation/README.md",
        "docs/capacity.md",
        "gateways/haproxy/README.md",
        "gateways/nginx/README.md",
        "secrets_service/README.md",
    ],
)
def test_links(document: str) -> None:
    """Links within the project lead somewhere."""
    path = ROOT / document
    links = re.findall(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_locked_requirements() -> None:
    """The locked files carry versions and hashes, and no address."""
    for name in ("requirements.txt", "requirements-aws.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()
        pins = [line for line in text.splitlines() if re.match(r"\w", line)]
        assert "://" not in text
        assert all(re.match(r"[\w.-]+==\S+.*\\$", line) for line in pins)
        assert text.count("--hash=sha256:") >= len(pins) > 20


def test_same_versions() -> None:
    """What is tested is what a platform installs."""
    pins = [
        set(re.findall(r"^([\w.-]+==\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.txt", "requirements-aws.txt", "requirements-dev.txt")
    ]
    assert pins[0] <= pins[1] <= pins[2]


def here(command: str) -> str:
    """Let a command of the checkout run in another folder."""
    return command.replace(".venv/bin/astropiks", f"{ROOT}/.venv/bin/astropiks")
