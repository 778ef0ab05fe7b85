"""Bad configurations: each variable with values that it cannot have, none of which is repeated."""

import json
import os
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from attestation.keys import InvalidKeyError
from edge import keyset_file
from edge.environment import ALIASES, SECRET_VARIABLES, SettingsError, load
from edge.settings import DevelopmentSettings, Settings, variables
from secrets_service.assembly import build_catalog
from secrets_service.catalog_file import CatalogError
from tests.conftest import make_settings
from tests.processes import ASTROPIKS, environment, run
from tests.proof.canary import Canary
from tests.proof.looked import Looked
from tests.proof.record import scaled

BAD = "bad-value/canary+d00d"

CANARY = Canary({"bad value": BAD.encode()})

VALUES: dict[str, str] = {
    "a word": BAD,
    "two words": f"{BAD} {BAD}",
    "a list": f"{BAD},,{BAD}",
    "lines": f"\n{BAD}\r\n",
    "an address": f"https://user:{BAD}@host:1/?api_key={BAD}",
    "an address of Redis": f"redis://:{BAD}@host:{BAD}/{BAD}",
    "an address with a bad port": f"http://[{BAD}]:99999",
    "JSON": f'{{"keys": ["{BAD}"]}}',
    "a number and more": f"1{BAD}",
    "no UTF-8": f"{BAD}\udcff",
    "endless": BAD * 5_000,
}

NAMES = sorted(
    {*variables(), *ALIASES, *(f"{name}_FILE" for name in SECRET_VARIABLES), "RUNTIME_SECRET_x"}
)

CATALOG = """
[secrets.x]
source = {0}
[secrets.y]
lifetime = {1}
policy = {{ binding = {2}, signature = {3}, sealed = {4}, max_token_age = {5}, rate = {6} }}
[secrets.y.policy.claims]
plan = {7}
[secrets.y.versions]
current = {{ name = {8}, source = {9} }}
next = {{ name = {10}, source = {11}, from = {12} }}
[[secrets.y.versions.retired]]
name = {13}
until = {14}
"""
"""Every place of a value."""

PLACES = 15

FORMS: dict[str, Callable[[str], str]] = {
    "text": lambda mark: f'"{mark}"',
    "list": lambda mark: f'["{mark}", ["{mark}"]]',
    "table": lambda mark: f'{{ a = "{mark}" }}',
    "lines": lambda mark: f'"""\n{mark}\n{mark}"""',
    "no TOML": lambda mark: mark,
    "never closed": lambda mark: f'"{mark}',
    "source": lambda mark: f'"file:/{mark}"',
}

KEY_SETS: Mapping[str, object] = {
    "text": BAD,
    "no kind": {"keys": [{"k": BAD}]},
    "bad secret": {"keys": [{"kty": "oct", "alg": "HS256", "kid": "a", "k": BAD}]},
    "bad kind": {"keys": [{"kty": BAD, "alg": BAD}]},
    "bad curve": {"keys": [{"kty": "EC", "crv": BAD, "x": BAD, "y": BAD}]},
    "private": {"keys": [{"kty": "RSA", "alg": "RS256", "d": BAD, "n": "AQAB", "e": "AQAB"}]},
}


def told(error: BaseException) -> bytes:
    """Give all that Python can tell of an exception, and of what is behind it."""
    text = "".join(traceback.format_exception(error))
    return (text + repr(error) + repr(vars(error))).encode(errors="surrogatepass")


@pytest.fixture(autouse=True)
def _otherwise_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what production demands."""
    monkeypatch.setenv("NASA_API_KEY", "a-good-key")
    monkeypatch.setenv("APPROOV_BASE64_SECRET", "QUJD" * 16)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", [Settings, DevelopmentSettings])
def test_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, kind: type[Settings], looked: Looked
) -> None:
    """Whatever a variable holds, what is said of it does not repeat it, nor do settings show it."""
    refusals = 0
    for value in VALUES.values():
        monkeypatch.setenv(name, value)
        try:
            shown = repr(load(kind))
            said = shown.encode() if name in {*SECRET_VARIABLES, "RUNTIME_SECRET_x"} else b""
        except SettingsError as error:
            refusals += 1
            said = told(error)
        assert looked.find("what is said of settings", said, CANARY) == []
    assert refusals or name in FREE


FREE = {"APPROOV_ISSUER", "APPROOV_AUDIENCE", "HOST", "RUNTIME_SECRETS_FILE", "RUNTIME_SECRET_x"}
"""What may be any text. None of these is a secret."""


@pytest.mark.parametrize("place", range(PLACES))
def test_catalog(tmp_path: Path, place: int, looked: Looked) -> None:
    """Whatever stands in the file of secrets, at whichever place, is not repeated."""
    path = tmp_path / "secrets.toml"
    settings = make_settings(runtime_secrets_file=path)
    for form in FORMS.values():
        values = ["7"] * PLACES
        values[place] = form(BAD)
        path.write_text(CATALOG.format(*values))
        with pytest.raises(CatalogError) as refusal:
            build_catalog(settings, os.environ)
        said = told(refusal.value)
        assert looked.find("what is said of files", said, CANARY) == []


@pytest.mark.parametrize("name", [*KEY_SETS, "no JSON"])
def test_key_set(tmp_path: Path, name: str, looked: Looked) -> None:
    """The same holds for the file of keys."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(KEY_SETS[name]) if name in KEY_SETS else f'{{"keys": {BAD}}}')
    with pytest.raises(InvalidKeyError) as refusal:
        keyset_file.read(path)
    assert looked.find("what is said of files", told(refusal.value), CANARY) == []


def everything_bad() -> dict[str, str]:
    """Give every variable a bad value at once."""
    refused = [name for name in NAMES if name not in {*FREE, "LOG_FORMAT", "LOG_LEVEL"}]
    return dict.fromkeys(refused, f"{BAD} {BAD}")


COMMANDS = (["serve"], ["doctor"], ["doctor", "--json"], ["warm"], ["dev"], ["secrets", "check"])


@pytest.mark.parametrize("words", COMMANDS[: scaled(2, len(COMMANDS))])
def test_command(tmp_path: Path, words: list[str], looked: Looked) -> None:
    """A command that does not start names the variables, and repeats none of their values."""
    ended = run([*ASTROPIKS, *words], environment(**everything_bad()), tmp_path)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 2
    assert "WEB_CONCURRENCY" in said
    assert looked.find("output of commands", said.encode(), CANARY) == []
