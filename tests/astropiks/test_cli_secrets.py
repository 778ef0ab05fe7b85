import json
import re
import time
from pathlib import Path

import httpx
import pytest

from astropiks.apps import create_app
from astropiks.mint import mint
from astropiks.server import serving
from tests.attestation.test_keysets import jwk
from tests.conftest import SECRET, make_settings
from tests.processes import ASTROPIKS, as_checkout, environment, run

CATALOG = """
[secrets.pay-key.policy]
sealed = true
binding = true
rate = "10/hour"
max_token_age = 300
claims = { plan = "pro" }
[secrets.pay-key.versions]
current = { name = "2026-11", source = "env:PAY_KEY" }
next = { name = "2126-12", source = "env:PAY_KEY", from = 2126-12-01T00:00:00Z }
retired = [{ name = "2026-10", until = 2126-11-30T00:00:00Z }]
"""
SECRETS = [*ASTROPIKS, "secrets"]


@pytest.fixture(autouse=True)
def _checkout(tmp_path: Path) -> None:
    """Be in a checkout."""
    as_checkout(tmp_path)


def env(tmp_path: Path, catalog: str = CATALOG, **more: str) -> dict[str, str]:
    """Give an environment with a catalog in a file and one secret in a variable."""
    (tmp_path / "secrets.toml").write_text(catalog)
    return environment(
        RUNTIME_SECRETS_FILE=str(tmp_path / "secrets.toml"),
        RUNTIME_SECRET_MAPS_KEY="marker-value",
        PAY_KEY="marker-value",
        **more,
    )


def test_list(tmp_path: Path) -> None:
    """`list` tells names, versions, sources and policies, and no value."""
    ended = run([*SECRETS, "list"], env(tmp_path), tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "marker-value" not in ended.stdout + ended.stderr
    assert ended.stdout == (
        "maps-key\n"
        "  policy   every attested client\n"
        "  * (known by its value)  env:RUNTIME_SECRET_MAPS_KEY\n"
        "pay-key\n"
        "  policy   binding, sealed, claim plan, token younger than 300 s, 10/hour\n"
        "  * 2026-11  env:PAY_KEY\n"
        "    2126-12  env:PAY_KEY, from 2126-12-01 00:00 UTC\n"
        "    2026-10  retired, good until 2126-11-30 00:00 UTC\n"
    )


def test_list_of_development(tmp_path: Path) -> None:
    """Where nothing is configured, it has what `make run` delivers."""
    ended = run([*SECRETS, "list"], environment(), tmp_path)
    assert ended.stdout.startswith("example\n")


def test_none(tmp_path: Path) -> None:
    """Where there is none, both say so, and how one is made."""
    given = env(tmp_path, "[secrets]\n")
    del given["RUNTIME_SECRET_MAPS_KEY"]
    listed, checked = (run([*SECRETS, one], given, tmp_path) for one in ("list", "check"))
    assert (listed.returncode, listed.stdout, checked.returncode) == (0, "", 0)
    for said in (listed.stderr, checked.stdout):
        assert "There is no runtime secret." in said
        assert {"RUNTIME_SECRETS_FILE", "RUNTIME_SECRET_MAPS_KEY"} <= set(re.findall(r"\w+", said))


def test_check(tmp_path: Path) -> None:
    """`check` reads every source."""
    ended = run([*SECRETS, "check"], env(tmp_path), tmp_path)
    assert (ended.returncode, "marker-value" in ended.stdout) == (0, False)


def test_check_fails(tmp_path: Path) -> None:
    """A source that fails is named, and the command fails."""
    catalog = '[secrets.x]\nsource = "aws-secrets-manager:x"\n'
    nowhere = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_REGION": "eu-west-1"}
    keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "HOME": str(tmp_path)}
    keys["AWS_DEFAULT_REGION"] = "eu-west-1"
    ended = run([*SECRETS, "check"], env(tmp_path, catalog, **nowhere, **keys), tmp_path)
    assert ended.returncode == 1
    assert re.match(r"x\s+aws-secrets-manager:x: AWS gave no secret", ended.stderr.splitlines()[-1])


@pytest.mark.parametrize("command", [["secrets", "list"], ["serve"], ["dev"]])
def test_bad_catalog(tmp_path: Path, command: list[str]) -> None:
    """A mistake in the file is named with its line, before anything is served."""
    bad = env(tmp_path, '[secrets.x]\nsource="env:UNSET"\nsauce=1\n')
    full = {**bad, "NASA_API_KEY": "x", "APPROOV_BASE64_SECRET": "c2VjcmV0" * 8}
    ended = run([*ASTROPIKS, *command], full, tmp_path)
    assert ended.returncode == 2
    assert "line 2: secrets.x.source the variable is not set" in ended.stderr
    assert "line 3: secrets.x.sauce is not known here" in ended.stderr


def test_bad_name(tmp_path: Path) -> None:
    """A variable that is no name of a secret is named."""
    more = {"NASA_API_KEY": "x", "APPROOV_BASE64_SECRET": "c2VjcmV0" * 8, "RUNTIME_SECRET_a": "x"}
    ended = run([*ASTROPIKS, "serve"], environment(**more), tmp_path)
    assert ended.returncode == 2
    assert "RUNTIME_SECRET_a is no name of a secret" in ended.stderr


def test_audit_key(tmp_path: Path) -> None:
    """Without an account secret the audit trail wants a key of its own."""
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [jwk("RS256")]}))
    more = {"NASA_API_KEY": "x", "APPROOV_KEYSET_FILE": str(tmp_path / "keys.json")}
    ended = run([*ASTROPIKS, "serve"], environment(RUNTIME_SECRET_X="x", **more), tmp_path)
    assert ended.returncode == 2
    assert "AUDIT_HASH_KEY is missing" in ended.stderr


def test_open(tmp_path: Path) -> None:
    """`recipient` and `open` are a phone at the command line."""
    recipient = run([*SECRETS, "recipient"], environment(), tmp_path).stdout.strip()
    settings = make_settings(services="secrets", runtime_secrets={"maps-key": "marker-value"})
    with serving(create_app(settings)) as url:
        token = mint(SECRET, now=time.time(), bind=recipient)
        headers = {"Approov-Token": token, "Secret-Recipient": recipient}
        sealed = httpx.get(f"{url}/secrets/maps-key", headers=headers).text
    opened = run([*SECRETS, "open", sealed], environment(), tmp_path)
    piped = run([*SECRETS, "open"], environment(), tmp_path, sealed)
    assert json.loads(opened.stdout)["value"] == json.loads(piped.stdout)["value"] == "marker-value"
    key = tmp_path / ".astropiks" / "recipient-key.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    key.unlink()
    assert run([*SECRETS, "open", sealed], environment(), tmp_path).returncode == 1


def test_open_nonsense(tmp_path: Path) -> None:
    """What is no sealed secret is not opened, and it says so."""
    ended = run([*SECRETS, "open", '{"error":{}}'], environment(), tmp_path)
    assert (ended.returncode, "Not opened" in ended.stderr) == (1, True)
    assert "Traceback" not in ended.stderr
