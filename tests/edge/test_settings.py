import base64
import json
import traceback
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from attestation.keys import InvalidKeyError
from edge import keyset_file
from edge.redis_link import connection_pool
from edge.settings import DevelopmentSettings, Settings
from tests.attestation.test_keys import SAMPLES
from tests.conftest import make_settings

SECRET_TEXT = base64.b64encode(b"another secret that is long enough").decode()


def test_defaults() -> None:
    """Two secrets are all that production has to set."""
    settings = Settings.model_validate(
        {"APPROOV_BASE64_SECRET": SECRET_TEXT, "NASA_API_KEY": "key"}
    )
    assert (settings.host, settings.port, settings.services) == ("0.0.0.0", 8080, "all")  # noqa: S104
    assert settings.nasa_api_base_url == "https://api.nasa.gov"


def test_frozen() -> None:
    """Settings do not change while the service runs."""
    with pytest.raises(ValidationError, match="frozen"):
        make_settings().port = 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "0"),
        ("port", "65536"),
        ("port", "http"),
        ("services", "everything"),
        ("web_concurrency", "0"),
        ("nasa_api_key", "two words"),
        ("nasa_api_key", "line\nfeed"),
        ("nasa_api_key", "clé"),
        ("nasa_api_key_in", "cookie"),
        ("nasa_api_base_url", "http://api.nasa.gov"),
        ("nasa_api_base_url", "ftp://api.nasa.gov"),
        ("nasa_api_base_url", "https://user:password@api.nasa.gov"),
        ("nasa_api_base_url", "https://api.nasa.gov?api_key=x"),
        ("nasa_api_base_url", "https://"),
        ("nasa_api_base_url", "api.nasa.gov"),
        ("nasa_api_base_url", "http://127.0.0.1.attacker.test"),
        ("approov_base64_secret", "c2hvcnQ="),
        ("approov_base64_secret", "%%%"),
        ("approov_base64_secret", f"{SECRET_TEXT},"),
        ("approov_header_name", "Approov Token"),
        ("approov_header_name", "Approov-Token:"),
        ("approov_header_prefix", "Bearer\r\n"),
        ("approov_header_prefix", "two words"),
        ("nasa_api_base_url", "https://api.nasa.gov/?"),
        ("nasa_api_base_url", "https://api.nasa.gov\n"),
        ("nasa_api_base_url", " https://api.nasa.gov"),
        ("nasa_api_base_url", "https://api.nasa.gov:99999"),
        ("nasa_api_base_url", "https://api.nasa.gov:0"),
        ("nasa_api_base_url", "https://api.nasa.gov:abc"),
        ("nasa_api_base_url", "https://xn--a"),
        ("nasa_api_base_url", "https://user:marker@ex\u2100mple.com"),
        ("nasa_api_base_url", "https://[::::]"),
        ("public_base_url", "https://api.example.com/path"),
        ("public_base_url", "http://api.example.com"),
        ("approov_keyset_file", "/nonexistent"),
        ("approov_leeway_seconds", "-1"),
        ("approov_leeway_seconds", "nan"),
        ("approov_max_lifetime_seconds", "-5"),
        ("approov_binding_headers", "Authorization,,X"),
        ("approov_binding_headers", "Authorization, authorization"),
        ("approov_missing_binding", "maybe"),
        ("approov_message_signing", "on"),
        ("approov_message_signing", "required"),
        ("approov_header_name", "Host"),
        ("approov_binding_headers", "Signature-Input"),
        ("approov_max_lifetime_seconds", "inf"),
        ("approov_account_signing_key", "c2hvcnQ="),
        ("approov_enforcement", "off"),
        ("approov_status_missing", "200"),
        ("approov_status_invalid", "500"),
        ("metrics_token", "two words"),
        ("log_format", "xml"),
        ("log_level", "loud"),
    ],
)
def test_bad(name: str, value: str) -> None:
    """A value that would not work is refused, and the error does not quote it."""
    with pytest.raises(ValidationError) as refusal:
        make_settings(**{name: value})
    assert refusal.value.error_count() == 1
    assert value not in str(refusal.value.errors()[0]["msg"])


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8090", "http://localhost:1", "http://[::1]:80", "https://x.test/a/"]
)
def test_base_url(url: str) -> None:
    """NASA's address is https, or anything on loopback; a slash at its end does not matter."""
    assert make_settings(nasa_api_base_url=url).nasa_api_base_url == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis.test",
        "rediss://user:pass%2Fword%5B@redis.test:6380/15",
        'redis://:a:b;c^d{e}|\\"@127.0.0.1/',
        "redis://[::1]:6379/1",
    ],
)
def test_redis_url(url: str) -> None:
    """An address of Redis that is let through is one that its library can read."""
    settings = make_settings(redis_url=url)
    pool = connection_pool(settings, 1)
    assert pool.connection_kwargs["host"] == urlsplit(url).hostname


@pytest.mark.parametrize(
    "url",
    [
        "redis://:marker\u2100marker@redis.test",
        "redis://:marker\uff0fmarker@redis.test",
        "redis://:marker\uff1amarker@redis.test",
        "redis://:marker[marker@redis.test",
        "redis://:marker]marker@redis.test",
        "redis://:marker/marker@redis.test",
        "redis://user:12/marker@redis.test",
        "redis://:marker marker@redis.test",
        "redis://:marker\x01marker@redis.test",
        "redis://:marker@redis.test:0",
        "redis://:marker@redis.test:65536",
        "redis://:marker@redis.test:\u0663",
        "redis://:marker@[::::]",
        "redis://:marker@redis.test?db=1",
        "http://:marker@redis.test",
    ],
)
def test_bad_redis_url(url: str) -> None:
    """One that is none is told as such; no part of it is, nor by an exception behind that."""
    with pytest.raises(ValidationError) as refusal:
        make_settings(redis_url=url)
    (told,) = refusal.value.errors()
    refusals = "is no redis:// or rediss:// address", "has blanks or characters outside ASCII"
    assert told["msg"].removeprefix("Value error, ").startswith(refusals)
    cause = told["ctx"]["error"]
    printed = "".join(traceback.format_exception(cause) + traceback.format_exception(refusal.value))
    assert not [part for part in ("marker", "redis.test") if part in told["msg"] + printed]


@pytest.mark.parametrize("database", ["abc", "1000", "1a", "-1"])
def test_bad_database(database: str) -> None:
    """A database is a number."""
    with pytest.raises(ValidationError) as refusal:
        make_settings(redis_url=f"redis://:marker@redis.test/{database}")
    (told,) = refusal.value.errors()
    assert told["msg"].startswith("Value error, has a database that is no number")
    assert not [part for part in ("marker", "redis.test", database) if part in told["msg"]]


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_published_secrets(sample: str) -> None:
    """Production refuses the secrets of Approov's samples, also among others."""
    for text in (sample, f"{SECRET_TEXT},{sample}"):
        with pytest.raises(ValidationError, match="publishes"):
            make_settings(approov_base64_secret=text)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_published_secrets_in_development(sample: str) -> None:
    """Development takes them, so that Approov's published examples work."""
    settings = DevelopmentSettings.model_validate({"APPROOV_BASE64_SECRET": sample})
    assert len(settings.secrets) == 1


@pytest.mark.parametrize(
    ("services", "proxy", "secrets"),
    [("all", True, True), ("proxy", True, False), ("secrets", False, True)],
)
def test_services(services: str, *, proxy: bool, secrets: bool) -> None:
    """One process serves both, or each alone."""
    settings = make_settings(services=services)
    assert (settings.serves_proxy, settings.serves_secrets) == (proxy, secrets)


def test_key_only_for_the_proxy() -> None:
    """A process that serves only secrets needs no key of NASA's."""
    assert make_settings(services="secrets", nasa_api_key=None).nasa_api_key is None
    with pytest.raises(ValidationError, match="is missing"):
        make_settings(nasa_api_key=None)


def fail(settings: Settings) -> None:
    """Raise while the settings are in a local variable."""
    raise RuntimeError(f"{settings} {settings!r} {settings.nasa_api_key}")


def test_masked() -> None:
    """Secrets show in no form of printing, nor in a traceback with local variables."""
    secret = base64.b64encode(b"marker" * 8).decode()
    with pytest.raises(RuntimeError) as failure:
        fail(make_settings(nasa_api_key="marker", approov_base64_secret=secret))
    frame = traceback.TracebackException.from_exception(failure.value, capture_locals=True).stack[
        -1
    ]
    printed = f"{failure.value} {frame.locals}"
    assert "nasa_api_key" in printed
    assert not [text for text in ("marker", secret) if text in printed]


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://API.Example.com:443/", "https://api.example.com"),
        ("https://api.example.com:8443", "https://api.example.com:8443"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
    ],
)
def test_public_base_url(text: str, origin: str) -> None:
    """The public address is kept as clients sign it: in lower case, without the default port."""
    assert make_settings(public_base_url=text).public_base_url == origin


@pytest.mark.parametrize("mode", ["if-present", "required"])
def test_signing_needs(mode: str) -> None:
    """Message signatures need a public address, and Redis or one process, to know all of them."""
    good = {"approov_message_signing": mode, "public_base_url": "https://api.example.com"}
    assert make_settings(**good).approov_message_signing == mode
    shared = {"web_concurrency": 2, "redis_url": "redis://redis.test"}
    assert make_settings(**good, **shared).approov_message_signing == mode
    for change, wanted in (
        ({"public_base_url": None}, "PUBLIC_BASE_URL"),
        ({"web_concurrency": 2}, "REDIS_URL, or WEB_CONCURRENCY=1"),
    ):
        with pytest.raises(ValidationError, match=wanted):
            make_settings(**{**good, **change})


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_published_secrets_elsewhere(tmp_path: Path, sample: str) -> None:
    """Nor do they get in by a key set, or as the key of message signatures."""
    file = tmp_path / "keys.json"
    jwk = {"kty": "oct", "k": sample.replace("+", "-").replace("/", "_").rstrip("="), "kid": "x"}
    file.write_text(json.dumps({"keys": [jwk]}))
    with pytest.raises(ValidationError, match="publishes"):
        make_settings(approov_keyset_file=str(file))
    with pytest.raises(ValidationError, match="publishes"):
        make_settings(approov_account_signing_key=sample)
    with pytest.raises(InvalidKeyError, match="publishes"):
        make_settings().ring(keyset_file.read(file))


def test_ambiguous_keyset(tmp_path: Path) -> None:
    """A key set with two keys of one kid is found out at start."""
    file = tmp_path / "keys.json"
    jwk = {"kty": "oct", "k": "a" * 50, "kid": "x"}
    file.write_text(json.dumps({"keys": [jwk, jwk]}))
    with pytest.raises(ValidationError, match="same kid"):
        make_settings(approov_keyset_file=str(file))
