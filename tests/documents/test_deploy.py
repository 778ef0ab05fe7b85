"""The commands of docs/deploy.md, and what it says of the files beside it."""

import json
import os
import re
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from astropiks.server import serving
from attestation.keys import keys_from_jwks
from edge.environment import SECRET_VARIABLES, load
from edge.settings import Settings
from edge.settings import variables as variables_of_the_service
from standin.app import StandIn
from tests.astropiks.test_serve import SECRET_TEXT, production, token
from tests.conftest import NASA_KEY
from tests.deploy.dockerfile import stages
from tests.deploy.test_unit import options
from tests.documents.commands import here, one_shown, shown
from tests.documents.recorder import Recorder
from tests.processes import ASTROPIKS, ROOT, free_port, running, wait_for

DOCUMENT = "docs/deploy.md"
TEXT = (ROOT / DOCUMENT).read_text()

ROLE = shown(DOCUMENT, "^(eval|unset) ")[:2]
REGISTER = one_shown(DOCUMENT, r"^approov api -add your\.domain$")
EXPORT = one_shown(DOCUMENT, "^export NASA_API_KEY")
DOCTOR = one_shown(DOCUMENT, "doctor --live")
HEROKU = shown(DOCUMENT, "heroku |production.env")
RENDER = one_shown(DOCUMENT, "^render ")
FLY = shown(DOCUMENT, "^fly ")
DOCKER = shown(DOCUMENT, "^docker ")
MACHINE = shown(DOCUMENT, "/opt/astropiks|/etc/astropiks|^systemctl")
CADDY = one_shown(DOCUMENT, "^caddy ")
CHECK = shown(DOCUMENT, "^curl -i ")
MANY = one_shown(DOCUMENT, "^for i in")
ELSEWHERE, MADE_UP = shown(DOCUMENT, "^curl -s ")
SYNCHRONISED = one_shown(DOCUMENT, "^timedatectl")
COMPARE = one_shown(DOCUMENT, "^date -u")
CHANGE = one_shown(DOCUMENT, "^approov secret -change")
BOTH = one_shown(DOCUMENT, "^export APPROOV_BASE64_SECRET")
KEYSET = shown(DOCUMENT, r"^approov keyset|key\.pem$")
SWITCH = one_shown(DOCUMENT, "-keySetKID")

NEW_SECRET = SECRET_TEXT[::-1].lstrip("=") + "=="
SECRETS = {"NASA_API_KEY": NASA_KEY, "APPROOV_BASE64_SECRET": SECRET_TEXT}

APP, DOMAIN = "your-app", "your.domain"

KNOWN: dict[str, dict[str, set[str]]] = {
    "approov": {
        "role": set(),
        "api": {"-add", "-keySetKID"},
        "secret": {"-get", "-plain", "-change"},
        "keyset": {"-add", "-keyLength", "-kid", "-getPEM"},
        "token": {"-genExample"},
    },
    "heroku": {
        "create": set(),
        "config": {"--app", "--shell"},
        "config:set": {"--app"},
        "addons:create": {"--app"},
        "domains:add": {"--app"},
        "certs:auto:enable": {"--app"},
    },
    "render": {"blueprints": set()},
    "fly": {
        "launch": {"--copy-config", "--name", "--no-deploy"},
        "secrets": {"--app", "--stage"},
        "deploy": {"--app"},
        "certs": {"--app"},
        "ips": {"--app"},
    },
    "docker": {
        "build": {"--tag"},
        "run": {
            *("--detach", "--name", "--publish", "--read-only", "--tmpfs", "--cap-drop"),
            *("--security-opt", "--stop-timeout", "--env"),
        },
        "buildx": set(),
    },
    "git": {"push": set(), "clone": set()},
    "systemctl": {"daemon-reload": set(), "enable": {"--now"}},
    "caddy": {"reverse-proxy": {"--from", "--to"}},
    "timedatectl": {"show": {"--property", "--value"}},
}
"""Of the tools that are not ours: the subcommands and options that their references list."""


def called(calls: Sequence[list[str]]) -> list[list[str]]:
    """Give *calls* of tools, if each is one that the tool knows."""
    for program, subcommand, *rest in calls:
        used = {word for word in rest if word.startswith("-")}
        assert used <= KNOWN[program][subcommand], (program, subcommand)
        apps = [rest[place + 1] for place, word in enumerate(rest) if word == "--app"]
        assert set(apps) <= {APP}
    return list(calls)


def variables(calls: Sequence[list[str]], *verb: str) -> dict[str, str]:
    """Give all variables that calls of one *verb* set."""
    size = len(verb)
    words = [word for call in calls if tuple(call[:size]) == verb for word in call[size:]]
    return dict(word.split("=", 1) for word in words if "=" in word)


def settings(monkeypatch: pytest.MonkeyPatch, env: dict[str, str]) -> Settings:
    """Give what `serve` makes of an environment."""
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    return load(Settings)


@pytest.fixture
def approov(tmp_path: Path) -> Recorder:
    """Be Approov's command line: it has a new secret, a key set, and tokens of the secret."""
    folder = tmp_path / "programs"
    folder.mkdir()
    recorder = Recorder(folder, ["approov"])
    (folder / "approov").rename(folder / "record")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    (folder / "approov").write_text(f"""#!/bin/sh
{folder}/record "$@" > /dev/null
case "$1 $2" in
  "role admin") echo "export APPROOV_ROLE=admin:your-account" ;;
  "secret -get") echo "{NEW_SECRET}" ;;
  "token -genExample") echo "{token()}" ;;
  "keyset -kid") printf %s "{pem}" > "$5" ;;
esac
""")
    (folder / "approov").chmod(0o755)
    return recorder


@pytest.fixture
def nasa() -> Iterator[str]:
    """Be NASA, which knows the key of the document."""
    with serving(StandIn(keys={NASA_KEY, "your-key"})) as url:
        yield url


def test_before_anything_else(approov: Recorder, nasa: str, tmp_path: Path) -> None:
    """The first commands leave a shell in which the service could start, and NASA answers."""
    enter, leave = ROLE
    lines = [enter, REGISTER, EXPORT, leave, here(DOCTOR)]
    urls = {"NASA_API_BASE_URL": nasa, "NASA_SCIENCE_BASE_URL": nasa}
    calls = approov.run("\n".join(lines), tmp_path, **urls)
    assert [call[1] for call in called(calls)] == ["role", "api", "secret"]


def test_heroku(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Heroku is given a configuration, and what it has can be checked from a desk."""
    programs = tmp_path / "programs"
    programs.mkdir()
    config = "\n".join(f"{name}='{value}'" for name, value in SECRETS.items())
    recorder = Recorder(programs, {"heroku": config, "git": ""})
    lines = "\n".join(map(here, HEROKU))
    calls = called(recorder.run(lines, tmp_path, **SECRETS))
    given = variables(calls, "heroku", "config:set")
    preset = json.loads((ROOT / "app.json").read_text())["env"]
    assert {name: given[name] for name in preset if "value" in preset[name]} == {
        name: one["value"] for name, one in preset.items() if "value" in one
    }
    assert settings(monkeypatch, given).forwarded_allow_ips == "*"
    assert ["git", "push", "heroku", "HEAD:main"] in calls
    assert ["heroku", "domains:add", DOMAIN, "--app", APP] in calls
    assert not (tmp_path / "production.env").exists()


def test_render(tmp_path: Path) -> None:
    """The Blueprint that is validated is there, and asks for what the document says."""
    (call,) = called(Recorder(tmp_path, ["render"]).run(RENDER, tmp_path))
    blueprint: dict[str, Any] = yaml.safe_load((ROOT / call[-1]).read_text())
    web = blueprint["services"][0]
    asked = [one["key"] for one in web["envVars"] if one.get("sync") is False]
    assert asked == [*SECRETS, "PUBLIC_BASE_URL", "FORWARDED_ALLOW_IPS"]
    assert "maxShutdownDelaySeconds" in web


def test_fly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fly is given a configuration that believes its router and the app's own addresses."""
    calls = called(Recorder(tmp_path, ["fly"]).run("\n".join(FLY), tmp_path, **SECRETS))
    made = settings(monkeypatch, variables(calls, "fly", "secrets", "set"))
    assert len(made.forwarded_allow_ips) == 3
    assert [call[1] for call in calls][:3] == ["launch", "secrets", "deploy"]
    assert ["fly", "certs", "add", DOMAIN, "--app", APP] in calls


def test_docker(tmp_path: Path) -> None:
    """Docker builds and runs what the Dockerfile says, and grants the time to stop."""
    calls = called(Recorder(tmp_path, ["docker"]).run("\n".join(DOCKER), tmp_path, **SECRETS))
    build, start, inspect = calls
    image = stages((ROOT / "Dockerfile").read_text())[-1]
    port = image.last("EXPOSE").text
    assert build[3:] == [start[-1], "."]
    assert start[start.index("--publish") + 1] == f"{port}:{port}"
    passed = [start[place + 1] for place, word in enumerate(start) if word == "--env"]
    assert passed == list(SECRETS)
    assert f"--stop-timeout {options()['TimeoutStopSec'][0]}" in " ".join(start)
    assert inspect[-1] == image.base
    assert f"| user | {image.last('USER').text}, by number |" in TEXT
    assert f"| port | `PORT`, {port} if it sets none; plain HTTP |" in TEXT
    assert f"{image.base}@sha256:" in TEXT


def test_machine(tmp_path: Path) -> None:
    """The commands for systemd put the unit and the secrets where the unit looks for them."""
    programs, root = tmp_path / "programs", tmp_path / "root"
    programs.mkdir()
    recorder = Recorder(programs, ["git", "python3", "pip", "systemctl"])
    for folder in ("opt/astropiks/.venv/bin", "etc/systemd/system"):
        (root / folder).mkdir(parents=True)
    (root / "opt/astropiks/.venv/bin/pip").symlink_to(programs / "pip")
    (root / "opt/astropiks/deploy").symlink_to(ROOT / "deploy")
    lines = "\n".join(MACHINE).replace("/opt/", f"{root}/opt/").replace("/etc/", f"{root}/etc/")
    calls = recorder.run(lines, tmp_path, **SECRETS)
    called([call for call in calls if call[0] in KNOWN])
    assert [call[0] for call in calls] == ["git", "python3", "pip", "systemctl", "systemctl"]
    assert calls[2][-1].endswith("/opt/astropiks/requirements.txt")
    for one in options()["LoadCredential"]:
        file = root / one.partition(":")[2].lstrip("/")
        assert file.read_text() in SECRETS.values()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    unit = root / "etc" / "systemd" / "system" / f"{calls[-1][-1]}.service"
    assert unit.read_text() == (ROOT / "deploy" / unit.name).read_text()


def test_caddy(tmp_path: Path) -> None:
    """The router on the same machine is sent to where the unit listens, and is believed."""
    (call,) = called(Recorder(tmp_path, ["caddy"]).run(CADDY, tmp_path))
    unit = dict(word.split("=", 1) for line in options()["Environment"] for word in line.split())
    assert call[-1] == f"{unit['HOST']}:{unit['PORT']}"
    assert unit["FORWARDED_ALLOW_IPS"] == unit["HOST"]


@pytest.mark.parametrize("believed", ["", "*"])
def test_checks(approov: Recorder, nasa: str, tmp_path: Path, believed: str) -> None:
    """The checks of a deployment say what the document says, and tell a made-up address."""
    port, output = free_port(), tmp_path / "output"
    limits = {"RATE_LIMIT_REJECTED": "60/hour", "FORWARDED_ALLOW_IPS": believed}
    with running(
        [*ASTROPIKS, "serve"], production(nasa, port, **limits), tmp_path, output
    ) as process:
        wait_for(port, process, output)

        def said(command: str) -> str:
            there = command.replace(f"https://{DOMAIN}", f"http://127.0.0.1:{port}")
            told = tmp_path / "told"
            approov.run(f"{{ {there}\n}} > {told}", tmp_path)
            return told.read_text()

        ready, refused, answered = (said(command).split() for command in CHECK)
        assert (ready[1], refused[1], answered[1]) == ("200", "401", "200")
        clocks = said(COMPARE).lower()
        assert clocks.count(":") == 2 + 3
        counted = said(MANY).split()
        assert counted[1::2] == ["401", "429"]
        assert said(ELSEWHERE).strip() == "429"
        # Who is believed everything by the service, and by no router, gets off.
        assert said(MADE_UP).strip() == ("401" if believed else "429")


def test_clock(tmp_path: Path) -> None:
    """The machine's own tool is asked for one property."""
    assert called(Recorder(tmp_path, ["timedatectl"]).run(SYNCHRONISED, tmp_path))


def test_new_secret(approov: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands leave the new secret before the old one, and nothing else."""
    enter, leave = ROLE
    told = tmp_path / "told"
    lines = [enter, CHANGE, BOTH, leave, f"env > {told}"]
    calls = called(approov.run("\n".join(lines), tmp_path, **SECRETS))
    assert [call[1:3] for call in calls][1:] == [["secret", "-change"], ["secret", "-get"]]
    after = dict(line.split("=", 1) for line in told.read_text().splitlines())
    assert after["APPROOV_BASE64_SECRET"] == f"{NEW_SECRET},{SECRET_TEXT}"
    assert "APPROOV_ROLE" not in after
    env = {**SECRETS, "APPROOV_BASE64_SECRET": after["APPROOV_BASE64_SECRET"]}
    assert len(settings(monkeypatch, env).secrets) == 2


def test_new_key(approov: Recorder, tmp_path: Path) -> None:
    """What the commands print is a key of a key set, and the one that Approov then signs with."""
    told = tmp_path / "told"
    add, get, print_key = KEYSET
    lines = [add, get, f"{print_key} > {told}", SWITCH]
    python = f"{ROOT}/.venv/bin/python"
    calls = called(approov.run("\n".join(lines).replace(".venv/bin/python", python), tmp_path))
    (key,) = keys_from_jwks([json.loads(told.read_text())])
    assert (key.kid, key.algorithm) == (calls[-1][-1], "RS256")


def test_what_is_said_of_settings() -> None:
    """The settings that the document names are some, with the defaults that it says."""
    named = set(re.findall(r"`([A-Z][A-Z0-9_]{5,})`", TEXT))
    files = {f"{name}_FILE" for name in SECRET_VARIABLES}
    assert named - variables_of_the_service().keys() - files == {"APPROOV_ROLE"}
    for name, default in (("APPROOV_LEEWAY_SECONDS", 0), ("APPROOV_SIGNATURE_SKEW_SECONDS", 5)):
        assert f"`{name}`" in TEXT
        assert f"({default} by default)" in TEXT
        assert Settings.model_fields[name.lower()].default == default
