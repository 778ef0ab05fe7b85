"""`astropiks doctor` as a person or a script starts it."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from astropiks.server import serving
from standin.app import StandIn
from standin.faults import Fault
from tests.astropiks.doctor.nasas_latest import be_late_but_for_a_picture
from tests.processes import ASTROPIKS, environment, free_port, run
from tests.redis_server import RedisServer
from tests.terminals import in_terminal

DOCTOR = [*ASTROPIKS, "doctor"]
KEY = "nasa/key+canary=4f1c"
SECRET = b"attestation-secret-canary-".ljust(64, b"~")
VALUE = "runtime-secret-canary-9b2e"
PASSWORD = "redis-password-canary-77aa"
METRICS = "metrics-token-canary"

CATALOG = """
[secrets.pay-key]
source = "env:PAY_KEY"
"""


@pytest.fixture
def nasa() -> Iterator[tuple[StandIn, str]]:
    """Be NASA on a real socket."""
    app = StandIn(keys={KEY})
    with serving(app) as url:
        yield app, url


def env(url: str = "http://127.0.0.1:9", **more: str) -> dict[str, str]:
    """Give a production environment."""
    return environment(
        NASA_API_KEY=KEY,
        APPROOV_BASE64_SECRET=base64.b64encode(SECRET).decode(),
        NASA_API_BASE_URL=url,
        NASA_SCIENCE_BASE_URL=url,
        **more,
    )


def spellings() -> Iterator[str]:
    """Give what must not come out, as it might."""
    for text in (KEY, SECRET.decode(), VALUE, PASSWORD, METRICS):
        yield from (text, quote(text, safe=""), base64.b64encode(text.encode()).decode()[:-4])


def test_well(nasa: tuple[StandIn, str], tmp_path: Path) -> None:
    """What can be used is 0, with warnings too; it asks nobody without --live."""
    ended = run(DOCTOR, env(nasa[1]), tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(r"^It can be used, with \d warnings\.$", ended.stdout, re.MULTILINE)
    assert nasa[0].requests == []


def test_failed(tmp_path: Path) -> None:
    """What serves and lacks something is 1."""
    redis = f"redis://127.0.0.1:{free_port()}"
    ended = run(DOCTOR, env(REDIS_URL=redis), tmp_path)
    assert ended.returncode == 1
    assert "✗ failed  REDIS_URL: Redis cannot be reached" in ended.stdout


def test_unusable(tmp_path: Path) -> None:
    """What `serve` refuses is 2: every variable is named, as `serve` names it, and no value."""
    bad = environment(APPROOV_LEEWAY="marker", PORT="marker", APPROOV_BASE64_SECRET="marker")
    doctor, serve = run(DOCTOR, bad, tmp_path), run([*ASTROPIKS, "serve"], bad, tmp_path)
    assert (doctor.returncode, serve.returncode) == (2, 2)
    named = re.findall(r"✗ failed  (\w+): ", doctor.stdout)
    assert named == [line.split()[0] for line in serve.stderr.splitlines()[1:]]
    assert len(named) == 4
    assert "marker" not in doctor.stdout + doctor.stderr


def test_bad_catalog(tmp_path: Path) -> None:
    """A catalog of secrets that `serve` refuses is 2."""
    path = tmp_path / "secrets.toml"
    path.write_text('[secrets.x]\nsource = "env:UNSET"\n')
    ended = run(DOCTOR, env(RUNTIME_SECRETS_FILE=str(path)), tmp_path)
    assert ended.returncode == 2
    assert "line 2: secrets.x.source the variable is not set" in ended.stdout


def test_source_fails(tmp_path: Path) -> None:
    """A secret whose value cannot be had is a failure, by its name and place."""
    path = tmp_path / "secrets.toml"
    path.write_text('[secrets.x]\nsource = "aws-secrets-manager:x"\n')
    aws = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_DEFAULT_REGION": "eu-west-1"}
    aws |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "HOME": str(tmp_path)}
    ended = run(DOCTOR, env(RUNTIME_SECRETS_FILE=str(path), **aws), tmp_path)
    assert ended.returncode == 1
    assert "✗ failed  x: aws-secrets-manager:x: AWS gave no secret" in ended.stdout


def everything(folder: Path, url: str, redis: RedisServer) -> dict[str, str]:
    """Give an environment with everything in it that could come out."""
    (folder / "secrets.toml").write_text(CATALOG)
    (folder / "metrics").write_text(METRICS)
    redis.client.config_set("requirepass", PASSWORD)
    return env(
        url,
        REDIS_URL=f"redis://:{PASSWORD}@127.0.0.1:{redis.port}",
        METRICS_TOKEN_FILE=str(folder / "metrics"),
        RUNTIME_SECRETS_FILE=str(folder / "secrets.toml"),
        RUNTIME_SECRET_MAPS_KEY=VALUE,
        PAY_KEY=VALUE,
        NASA_IMAGE_BASE_URL=url,
        IMAGE_PROXY="on",
        PUBLIC_BASE_URL="https://x.test",
        APPROOV_ACCOUNT_SIGNING_KEY=base64.b64encode(SECRET).decode(),
    )


@pytest.mark.parametrize(
    ("place", "form", "fault"),
    [
        ("header", [], None),
        ("query", ["--json"], None),
        ("query", [], Fault.REDIRECT),
        ("header", ["--json"], Fault.DROP),
    ],
)
def test_canary(
    nasa: tuple[StandIn, str],
    redis: RedisServer,
    tmp_path: Path,
    place: str,
    form: list[str],
    fault: Fault | None,
) -> None:
    """No key, secret, password or keyed address comes out, whatever NASA does with them."""
    app, url = nasa
    app.conditions.faults = {"legacy": fault} if fault else {}
    be_late_but_for_a_picture(app)
    given = {**everything(tmp_path, url, redis), "NASA_API_KEY_IN": place}
    ended = run([*DOCTOR, "--live", *form], given, tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "pay-key" in ended.stdout
    assert "answered in" in ended.stdout
    assert [text for text in spellings() if text in ended.stdout + ended.stderr] == []


def test_live_fails(nasa: tuple[StandIn, str], tmp_path: Path) -> None:
    """With --live a NASA that does not answer is 1."""
    nasa[0].conditions.faults = dict.fromkeys(("legacy", "science"), Fault.UNAVAILABLE)
    ended = run([*DOCTOR, "--live"], env(nasa[1]), tmp_path)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert "✗ failed  legacy: unavailable after" in ended.stdout
    assert len(nasa[0].requests) == 2


def test_json(nasa: tuple[StandIn, str], tmp_path: Path) -> None:
    """For machines it is one object, with the same findings and status."""
    ended = run([*DOCTOR, "--json", "--live"], env(nasa[1], WEB_CONCURRENCY="64"), tmp_path)
    told = json.loads(ended.stdout)
    assert (ended.returncode, told["usable"]) == (0, True)
    levels = [finding["level"] for finding in told["findings"]]
    assert told["counts"] == {level: levels.count(level) for level in ("ok", "warning", "failed")}
    assert set(told["findings"][0]) == {"section", "level", "subject", "sentence", "advice"}
    assert {"WEB_CONCURRENCY", "legacy"} <= {finding["subject"] for finding in told["findings"]}


def test_env_file(tmp_path: Path) -> None:
    """With --env-file our variables are those of the file alone; quotes and `export` are read."""
    file = tmp_path / "production.env"
    secret = base64.b64encode(SECRET).decode()
    file.write_text(f"export NASA_API_KEY='{KEY}'\nAPPROOV_BASE64_SECRET=\"{secret}\"\n")
    file.chmod(0o644)
    given = environment(PORT="no port", RUNTIME_SECRET_X="x", APPROOV_LEEWAY="x")
    assert run(DOCTOR, given, tmp_path).returncode == 2
    ended = run([*DOCTOR, "--env-file", str(file)], given, tmp_path)
    assert ended.returncode == 0, ended.stdout
    assert "Set: APPROOV_BASE64_SECRET, NASA_API_KEY.\n" in ended.stdout
    assert "! warning --env-file: Every user of this machine can read" in ended.stdout
    assert [text for text in spellings() if text in ended.stdout] == []


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_bad_env_file(tmp_path: Path, content: bytes | None) -> None:
    """A file that is not there, or is no text, is told in words."""
    if content:
        (tmp_path / "x.env").write_bytes(content)
    ended = run([*DOCTOR, "--env-file", "x.env"], environment(), tmp_path)
    assert ended.returncode == 2
    assert "x.env cannot be read as a file of variables" in ended.stderr


def test_dev(tmp_path: Path) -> None:
    """With --dev it is what `astropiks dev` would take: .env, a made secret, the stand-in."""
    (tmp_path / ".env").write_text("APPROOV_ISSUER=me\n")
    ended = run([*DOCTOR, "--dev", "--live"], environment(), tmp_path)
    assert ended.returncode == 0, ended.stdout
    assert "signature, expiry, issuer (APPROOV_ISSUER)" in ended.stdout
    assert "Not asked: without NASA_API_KEY a stand-in answers" in ended.stdout
    assert "ok      pictures: Streamed from 2 hosts" in ended.stdout
    both = run([*DOCTOR, "--dev", "--env-file", ".env"], environment(), tmp_path)
    assert (both.returncode, "leave out" in both.stderr) == (2, True)


def test_dev_makes_nothing(tmp_path: Path) -> None:
    """Where development would make a secret, it says so alone: the folder stays as it was."""
    place = tmp_path / ".astropiks" / "attestation-secret"
    ended = run([*DOCTOR, "--dev"], environment(), tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert (
        f"APPROOV_BASE64_SECRET: Not set: one would be made, and kept in {place}." in ended.stdout
    )
    assert "environment: Nothing is set" in ended.stdout
    assert [*tmp_path.iterdir()] == []
    place.parent.mkdir()
    place.write_text(base64.b64encode(SECRET).decode())
    again = run([*DOCTOR, "--dev"], environment(), tmp_path)
    assert "Set: APPROOV_BASE64_SECRET_FILE." in again.stdout
    assert "would be made" not in again.stdout


@pytest.mark.parametrize("variables", [{"NASA_API_KEY": KEY}, {"IMAGE_PROXY": "off"}])
def test_dev_pictures(tmp_path: Path, variables: dict[str, str]) -> None:
    """In development links lead to NASA where it is the real one, or where that is set."""
    ended = run([*DOCTOR, "--dev"], environment(**variables), tmp_path)
    assert "ok      pictures: Links lead to NASA itself" in ended.stdout


def test_terminal(tmp_path: Path) -> None:
    """In a terminal it has colours, which NO_COLOR takes away, and lines that fit."""
    colourful = in_terminal(DOCTOR, env(), tmp_path, 60)
    plain = in_terminal(DOCTOR, env(NO_COLOR="1"), tmp_path, 60)
    assert "\x1b[32m" in colourful
    assert "\x1b[32m" not in plain
    text = re.sub(r"\x1b\[[0-9;]*m", "", colourful)
    assert max(len(line) for line in text.splitlines()) <= 60
    assert "! warning NASA_API_KEY" in text


def test_piped(tmp_path: Path) -> None:
    """Elsewhere there is no control code, no blank at a line's end, and a finding is one line."""
    told = run(DOCTOR, env(COLUMNS="40"), tmp_path).stdout
    assert "\x1b" not in told
    assert [line for line in told.splitlines() if line != line.rstrip()] == []
    assert "from the old API (legacy), then the new API (science).\n" in told


def test_ascii(tmp_path: Path) -> None:
    """Where the marks cannot be written, others stand for them."""
    told = run(DOCTOR, env(PYTHONIOENCODING="ascii"), tmp_path)
    assert told.returncode == 0, told.stderr
    assert "  + ok      clock" in told.stdout
    assert "  ! warning NASA_API_KEY" in told.stdout
