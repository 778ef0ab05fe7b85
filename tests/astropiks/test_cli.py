import base64
import stat
from pathlib import Path

import httpx
import pytest

from astropiks.mint import Invalid
from attestation.keys import KeyRing, decode_secrets
from attestation.token import TokenVerifier
from tests.attestation.test_keys import SAMPLES
from tests.attestation.test_published_tokens import BAD, GOOD
from tests.processes import ASTROPIKS, as_checkout, environment, free_port, run, running, wait_for

REASONS = {
    Invalid.EXPIRED: "expired",
    Invalid.SIGNATURE: "signature_invalid",
    Invalid.ALGORITHM: "algorithm_refused",
    Invalid.NO_EXPIRY: "expiry_missing",
    Invalid.BAD_EXPIRY: "expiry_invalid",
    Invalid.NOT_YET_VALID: "not_yet_valid",
    Invalid.TYPE: "header_refused",
    Invalid.DUPLICATE: "token_json",
    Invalid.PADDED: "token_encoding",
    Invalid.MALFORMED: "token_segments",
}


@pytest.fixture(autouse=True)
def _checkout(tmp_path: Path) -> None:
    """Be in a checkout."""
    as_checkout(tmp_path)


def mint(cwd: Path, *options: str, **variables: str) -> str:
    """Run `token mint` in *cwd*."""
    ended = run([*ASTROPIKS, "token", "mint", *options], environment(**variables), cwd)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def explain(cwd: Path, token: str, *options: str, **variables: str) -> tuple[int, str]:
    """Run `token explain` in *cwd*, with the token on its standard input."""
    command = [*ASTROPIKS, "token", "explain", "-", *options]
    ended = run(command, environment(**variables), cwd, token)
    assert token.strip() not in ended.stdout + ended.stderr
    return ended.returncode, ended.stdout


def test_mint(tmp_path: Path) -> None:
    """`token mint` prints one token and nothing else; a second shell accepts it."""
    token = mint(tmp_path)
    assert token.count("\n") == 1
    status, said = explain(tmp_path, token)
    assert status == 0
    assert said.startswith("accepted: good for 3")


def test_kept_secret(tmp_path: Path) -> None:
    """The development secret is made once, for its owner's eyes only, also from a subfolder."""
    (tmp_path / "sub").mkdir()
    token = mint(tmp_path)
    file = tmp_path / ".astropiks" / "attestation-secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(base64.b64decode(file.read_text())) == 64
    assert explain(tmp_path / "sub", token)[0] == 0


@pytest.mark.parametrize("invalid", Invalid)
def test_invalid(tmp_path: Path, invalid: Invalid) -> None:
    """Each bad kind is explained by its reason, with what to do."""
    status, said = explain(tmp_path, mint(tmp_path, "--invalid", invalid))
    assert status == 1
    assert said.startswith(f"refused: {REASONS[invalid]}: ")
    assert "clock says" in said.splitlines()[2]


def test_expires_in(tmp_path: Path) -> None:
    """The lifetime can be chosen."""
    said = explain(tmp_path, mint(tmp_path, "--expires-in", "5000"))[1]
    assert 4900 < int(said.split()[3]) <= 5000


def test_bind(tmp_path: Path) -> None:
    """A bound token carries the hash of what it is bound to."""
    claims = mint(tmp_path, "--bind", "Bearer myauth_token").split(".")[1]
    decoded = base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4))
    assert b'"pay":"Rd7hTCAr1vfB6ejYGQNFyj9J+rwwqv/ukn8we4+93HQ="' in decoded


@pytest.mark.parametrize(("headers", "status"), [("", 1), ("Authorization", 0)])
def test_allowed_unbound(tmp_path: Path, headers: str, status: int) -> None:
    """A token may be bound to nothing beside the named headers, never beside a recipient's key."""
    settings = {"APPROOV_MISSING_BINDING": "allow", "APPROOV_BINDING_HEADERS": headers}
    ended, said = explain(tmp_path, mint(tmp_path), "--bind", "text", **settings)
    assert (ended, "binding_missing" in said) == (status, status == 1)


def test_ipk(tmp_path: Path) -> None:
    """A token may carry an install's key without a signed request around it."""
    assert "with an install key" in explain(tmp_path, mint(tmp_path, "--ipk"))[1]
    assert "without an install key" in explain(tmp_path, mint(tmp_path))[1]


@pytest.mark.parametrize(
    "command", [["token", "mint"], ["token", "explain", "x"], ["secrets", "list"]]
)
def test_elsewhere(tmp_path: Path, command: list[str]) -> None:
    """Where no service has its secret, none is made that no service would have."""
    (tmp_path / "pyproject.toml").unlink()
    ended = run([*ASTROPIKS, *command], environment(), tmp_path)
    assert ended.returncode == 2
    assert "Run this in the service's checkout, or set APPROOV_BASE64_SECRET" in ended.stderr
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("place", ["environment", "file"])
def test_own_secret(tmp_path: Path, place: str) -> None:
    """A secret in the environment or in .env is taken, Approov's published one included."""
    sample = SAMPLES["quickstarts"]
    if place == "file":
        (tmp_path / ".env").write_text(f"APPROOV_BASE64_SECRET={sample}\nNASA_API_KEY=\n")
    variables = {"APPROOV_BASE64_SECRET": sample} if place == "environment" else {}
    assert explain(tmp_path, GOOD["A1 fractional exp"], **variables)[0] == 0
    assert explain(tmp_path, BAD["A3 other signature"][0], **variables)[0] == 1
    verifier = TokenVerifier(KeyRing(decode_secrets(sample)), clock=lambda: 0)
    verifier.verify(mint(tmp_path, **variables).strip().encode())
    assert not (tmp_path / ".astropiks").exists()


def test_bad_secret(tmp_path: Path) -> None:
    """A bad one is named, not printed."""
    env = environment(APPROOV_BASE64_SECRET="marker")
    ended = run([*ASTROPIKS, "token", "mint"], env, tmp_path)
    assert ended.returncode == 2
    assert "APPROOV_BASE64_SECRET" in ended.stderr
    assert "marker" not in ended.stderr


def test_standin(tmp_path: Path) -> None:
    """`standin` serves NASA's stand-in on loopback, with a key of choice."""
    port, output = free_port(), tmp_path / "output"
    command = [*ASTROPIKS, "standin", "--port", str(port), "--key", "chosen"]
    with running(command, environment(), tmp_path, output) as process:
        wait_for(port, process, output)
        url = f"http://127.0.0.1:{port}/planetary/apod?date=2021-10-12&api_key="
        assert httpx.get(f"{url}chosen").json()["copyright"] == "Hao Qin"
        assert httpx.get(f"{url}other").status_code == 403
    assert process.returncode == 0


@pytest.mark.parametrize("command", [[], ["token"], ["--help"], ["token", "mint", "--help"]])
def test_help(tmp_path: Path, command: list[str]) -> None:
    """Every command says how it is used."""
    ended = run([*ASTROPIKS, *command], environment(), tmp_path)
    assert "Usage: astropiks" in ended.stdout + ended.stderr
