"""What the doctor says of choices, by settings and surroundings alone."""

import base64
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from astropiks.doctor.clocks import clock
from astropiks.doctor.finding import Finding, Level
from astropiks.doctor.keys import keys
from astropiks.doctor.nasa import nasa
from astropiks.doctor.protections import protections
from astropiks.doctor.services import services
from astropiks.doctor.surroundings import Surroundings
from astropiks.doctor.traffic import traffic
from edge.settings import DevelopmentSettings
from secrets_service.assembly import build_catalog
from tests.attestation.test_keys import SAMPLES
from tests.attestation.test_keysets import jwk
from tests.conftest import SECRET, make_settings

SECRET_TEXT = base64.b64encode(SECRET).decode()
OTHERS = [base64.b64encode(bytes([n]) * 48).decode() for n in range(3)]
KEY = "a" * 40
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()

REAL = {
    "nasa_api_key": KEY,
    "nasa_api_base_url": "https://api.nasa.gov",
    "nasa_science_base_url": "https://science.nasa.gov",
}


def here(now: float = NOW, cores: int = 8, **environ: str) -> Surroundings:
    """Be somewhere."""
    return Surroundings(environ=environ, cores=cores, now=now)


def found(where: Surroundings | None = None, **changes: object) -> list[Finding]:
    """Give all that is found in a configuration."""
    settings = make_settings(**{**REAL, **changes})
    where = where or here()
    return [
        *services(settings, build_catalog(settings, {})),
        *protections(settings),
        *keys(settings, where),
        *traffic(settings, where),
        *nasa(settings, where),
    ]


def warnings(findings: Iterable[Finding]) -> dict[str, str]:
    """Give the sentences of the warnings, by their subjects; each comes with advice."""
    warned = [finding for finding in findings if finding.level is not Level.OK]
    assert all(finding.advice for finding in warned)
    return {finding.subject: finding.sentence for finding in warned}


def test_nothing_to_say() -> None:
    """A good configuration has no warning."""
    assert warnings(found()) == {}


@pytest.mark.parametrize(
    ("changes", "subject", "words"),
    [
        ({"approov_enforcement": "monitor"}, "APPROOV_ENFORCEMENT", "everybody"),
        (
            {"approov_binding_headers": "Authorization", "approov_missing_binding": "allow"},
            "APPROOV_MISSING_BINDING",
            "stolen token",
        ),
        ({"approov_missing_binding": "allow"}, "APPROOV_MISSING_BINDING", "does nothing"),
        ({"approov_leeway_seconds": 300}, "APPROOV_LEEWAY_SECONDS", "300 seconds more"),
        (
            {"approov_account_signing_key": SECRET_TEXT},
            "APPROOV_ACCOUNT_SIGNING_KEY",
            "does nothing",
        ),
        ({"attest_reason": "on"}, "ATTEST_REASON", "does nothing"),
        ({"rate_limit_device": "off"}, "RATE_LIMIT_DEVICE", "without end"),
        ({"rate_limit_rejected": "off"}, "RATE_LIMIT_REJECTED", "without end"),
        ({"web_concurrency": 4}, "REDIS_URL", "4 times as high"),
        ({"metrics_token": "short"}, "METRICS_TOKEN", "guessed"),
        ({"log_level": "warning"}, "LOG_LEVEL", "why requests are refused"),
        ({"public_base_url": "http://127.0.0.1:8080"}, "PUBLIC_BASE_URL", "no phone"),
        ({"public_base_url": "https://api.example.com"}, "FORWARDED_ALLOW_IPS", "one address"),
        ({"nasa_api_key": "DEMO_KEY"}, "NASA_API_KEY", "30 calls an hour"),
        ({"nasa_api_key": "your-key"}, "NASA_API_KEY", "40 letters"),
        ({"nasa_api_key_in": "query"}, "NASA_API_KEY_IN", "URLs"),
        ({"apod_sources": "legacy"}, "APOD_SOURCES", "2026-12-01"),
        ({"apod_sources": "science"}, "APOD_SOURCES", "nothing stands in"),
        ({"nasa_api_base_url": "http://127.0.0.1:8090"}, "NASA_API_BASE_URL", "stand-in"),
        ({"approov_base64_secret": ",".join([SECRET_TEXT] * 2)}, "APPROOV_BASE64_SECRET", "1 dif"),
        ({"approov_base64_secret": ",".join(OTHERS)}, "APPROOV_BASE64_SECRET", "3 secrets"),
    ],
)
def test_choice(changes: dict[str, Any], subject: str, words: str) -> None:
    """Each risky choice is warned of by its variable, and nothing else is."""
    told = warnings(found(**changes))
    assert list(told) == [subject]
    assert words in told[subject]


@pytest.mark.parametrize(
    ("environ", "platform"),
    [
        ({"DYNO": "web.1"}, "Heroku"),
        ({"FLY_APP_NAME": "x"}, "Fly.io"),
        ({"PORT": "34512"}, "a platform"),
        ({"PORT": "8081"}, None),
        ({"PORT": "x" * 20}, None),
        ({"DYNO": ""}, None),
    ],
)
def test_platform(environ: dict[str, Any], platform: str | None) -> None:
    """Where a router stands in front, its word on addresses is to be believed."""
    where = here(**environ)
    assert where.platform == platform
    told = warnings(found(where))
    assert told.get("FORWARDED_ALLOW_IPS") == (
        f"Not set, and {platform} means a router in front: all clients look like one address."
        if platform
        else None
    )
    assert warnings(found(where, forwarded_allow_ips="*")) == {}
    is_unreachable = "HOST" in warnings(found(where, host="127.0.0.1", forwarded_allow_ips="*"))
    assert is_unreachable == (platform is not None)


def test_cores() -> None:
    """More workers than cores are too many."""
    redis = {"redis_url": "redis://127.0.0.1"}
    assert warnings(found(here(cores=2), web_concurrency=2, **redis)) == {}
    told = warnings(found(here(cores=2), web_concurrency=3, **redis))
    assert told == {"WEB_CONCURRENCY": "3 worker processes share 2 cores."}


def test_cores_of_another_machine() -> None:
    """The workers of an env file's machine do not share the cores of this one."""
    where = Surroundings(environ={}, cores=2, now=NOW, env_file=Path("production.env"))
    assert warnings(traffic(make_settings(web_concurrency=64, redis_url="redis://x"), where)) == {}


def test_archived() -> None:
    """Once NASA has archived its old API, the new one is to be asked first."""
    later = here(now=datetime(2026, 12, 2, tzinfo=UTC).timestamp())
    assert "has been archived since" in warnings(found(later))["APOD_SOURCES"]
    assert warnings(found(later, apod_sources="science,legacy")) == {}
    assert warnings(found(later, services="secrets")) == {}


@pytest.mark.parametrize(("year", "level"), [(1970, Level.FAILED), (2027, Level.OK)])
def test_clock(year: int, level: Level) -> None:
    """A clock that cannot be right is a failure: tokens expire by it."""
    assert clock(datetime(year, 1, 2, tzinfo=UTC).timestamp()).level is level


def test_published() -> None:
    """A published secret is warned of on a laptop; in production it is refused."""
    settings = DevelopmentSettings.model_validate({"APPROOV_BASE64_SECRET": SAMPLES["quickstarts"]})
    assert "everybody can sign" in warnings(keys(settings, here()))["APPROOV_BASE64_SECRET"]


def test_keyset(tmp_path: Path) -> None:
    """A key set is told by the kinds, ids and age of its keys."""
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [jwk("ES256"), jwk("RS256", kid="a\x1b[31m\nb")]}))
    os.utime(path, (NOW, NOW - 40 * 24 * 3600))
    (told,) = keys(make_settings(approov_base64_secret=None, approov_keyset_file=path), here())
    assert told.level is Level.OK
    assert told.sentence == ("2 keys, changed 40 days ago: ES256 kid ES256, RS256 kid a?[31m?b.")


@pytest.mark.parametrize(("mode", "level"), [(0o600, Level.OK), (0o644, Level.WARNING)])
def test_readers(tmp_path: Path, mode: int, level: Level) -> None:
    """Files with secrets are not for every user of the machine: these, a key set's, an env file."""
    path = tmp_path / "file"
    path.write_text(json.dumps({"keys": [jwk("HS256")]}))
    path.chmod(mode)
    settings = make_settings(approov_keyset_file=path)
    where = Surroundings(environ={"NASA_API_KEY_FILE": str(path)}, env_file=path)
    told = {f.subject: f.level for f in keys(settings, where) if "machine" in f.sentence}
    names = ["APPROOV_KEYSET_FILE", "--env-file", "NASA_API_KEY_FILE"]
    assert told == dict.fromkeys(names, level)


def test_services() -> None:
    """It says in a sentence each what a configuration serves."""
    everything = {
        "image_proxy": "on",
        "public_base_url": "https://api.example.com",
        "nasa_passthrough": "/neo/,/DONKI/",
        "runtime_secrets": {"maps-key": "value"},
        "metrics_token": "m" * 40,
        "redis_url": "redis://127.0.0.1",
        "attest_callers": "10.0.0.0/8",
    }
    settings = make_settings(**everything)
    told = {f.subject: f.sentence for f in services(settings, build_catalog(settings, {}))}
    assert told["proxy"].endswith("from the old API (legacy), then the new API (science).")
    assert told["other APIs"].endswith("/neo/, /DONKI/")
    assert told["secrets"] == "Hands out 1 secret to genuine apps: maps-key."
    assert told["pictures"].startswith("Streamed from 2 hosts, up to 64 MB")
    assert told["/metrics"] == "Served for whoever has METRICS_TOKEN."
    assert set(told) == {
        *("listens", "proxy", "pictures", "other APIs", "secrets", "shared", "limits"),
        *("/attest", "/metrics"),
    }


@pytest.mark.parametrize(
    ("host", "place"),
    [(None, "every address"), ("127.0.0.1", "127.0.0.1"), ("::", "every IPv6 address")],
)
def test_metrics_port(host: str | None, place: str) -> None:
    """It says where everybody gets the metrics: at METRICS_HOST, if that is set."""
    settings = make_settings(metrics_port=9090, metrics_host=host)
    told = {f.subject: f.sentence for f in services(settings, build_catalog(settings, {}))}
    assert told["/metrics"] == f"Served for everybody who gets to {place}, port 9090."


@pytest.mark.parametrize(
    ("changes", "on"),
    [
        ({}, "signature, expiry"),
        ({"approov_issuer": "x"}, "signature, expiry, issuer (APPROOV_ISSUER)"),
        (
            {"approov_binding_headers": "a", "approov_message_signing": "required"},
            "signature, expiry, token binding (APPROOV_BINDING_HEADERS), message signature",
        ),
    ],
)
def test_demanded(changes: dict[str, str], on: str) -> None:
    """It says which protections are on, and which are not."""
    settings = make_settings(public_base_url="https://api.example.com", **changes)
    first = next(protections(settings))
    told, _, rest = first.sentence.removeprefix("Of each token: ").partition(". Not demanded: ")
    assert told.startswith(on)
    assert rest.startswith("issuer") != ("approov_issuer" in changes)
    assert first.level is Level.OK
