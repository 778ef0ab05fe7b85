import base64
from pathlib import Path

import pytest

from edge.environment import SettingsError, load
from edge.settings import DevelopmentSettings, Settings, variables

ADD_ONS = [
    "REDIS_TLS_URL", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "REDIS_USER", "REDIS_USERNAME",
    "REDIS_DB", "REDIS_SSL", "REDIS_TLS", "REDIS_PUBLIC_URL", "REDIS_RO_URL", "REDIS_URL_2",
    "REDIS_PORT_6379_TCP", "REDIS_PORT_6379_TCP_ADDR", "REDIS_SERVICE_HOST", "REDIS_VERSION",
    "REDISCLOUD_URL", "REDISHOST", "HEROKU_REDIS_AMBER_URL",
]  # fmt: skip
"""What add-ons, linked containers and clusters set of their own accord."""

REDIS_SLIPS = [
    "REDIS_URI", "REDIS_ULR", "REDIS_URLS", "REDIS_URL_FIEL", "REDIS_URL_FILES", "redis_url",
    "REDIS_TLS_VERFIY", "REDIS_TLS_VERIFIED", "REDIS_TSL_VERIFY", "REDIS_SSL_VERIFY",
]  # fmt: skip

SECRET_TEXT = base64.b64encode(b"s" * 64).decode()


@pytest.fixture(autouse=True)
def _complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start from an environment that is a configuration."""
    monkeypatch.setenv("APPROOV_BASE64_SECRET", SECRET_TEXT)
    monkeypatch.setenv("NASA_API_KEY", "key")


def problems(monkeypatch: pytest.MonkeyPatch, **changes: str) -> list[str]:
    """Load with *changes* and give what is wrong."""
    for name, value in changes.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as refusal:
        load(Settings)
    return refusal.value.problems


def test_complete(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables become typed settings."""
    monkeypatch.setenv("PORT", "9000")
    assert load(Settings).port == 9000


def test_nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty environment names each variable that is required."""
    monkeypatch.delenv("APPROOV_BASE64_SECRET")
    named = [problem.split()[0] for problem in problems(monkeypatch, NASA_API_KEY="")]
    assert named == ["NASA_API_KEY", "APPROOV_BASE64_SECRET"]


def test_all_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bad variable is named in one go, with what it wants and without its value."""
    bad = {
        "PORT": "marker",
        "SERVICES": "marker",
        "LOG_LEVEL": "marker",
        "NASA_API_KEY": "marker marker",
        "NASA_API_BASE_URL": "http://marker",
        "APPROOV_BASE64_SECRET": "marker",
        "APPROOV_HEADER_NAME": "marker marker",
        "APPROOV_LEWAY": "marker",
    }
    found = problems(monkeypatch, **bad)
    assert {problem.split()[0] for problem in found} == set(bad)
    assert all("Wanted: " in problem for problem in found if "LEWAY" not in problem)
    assert "marker" not in "".join(found)


def test_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped protection is an error, with the name that was meant."""
    assert "APPROOV_HEADER_NAME" in problems(monkeypatch, APPROOV_HEADER_NAMES="X")[0]


def test_unknown_in_development(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a laptop, what Approov's command line keeps in the shell does no harm."""
    monkeypatch.setenv("APPROOV_ROLE", "admin:x")
    load(DevelopmentSettings)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("https://marker.test/api", "has a path: leave out"),
        ("http://marker.test", "is http: begin it with https://"),
        ("https://marker:x@host.test", "is no address: write scheme, name"),
        ("https://host.test?marker", "is no address: write scheme, name"),
        ("marker.test", "is no address: write scheme, name"),
    ],
)
def test_public_base_url(monkeypatch: pytest.MonkeyPatch, text: str, wrong: str) -> None:
    """An address for clients that is none is told with what to do about it, and not quoted."""
    (problem,) = problems(monkeypatch, PUBLIC_BASE_URL=text)
    assert problem.startswith(f"PUBLIC_BASE_URL {wrong}")
    assert "marker" not in problem


@pytest.mark.parametrize("name", ["IMAGE_TAG", "PUBLIC_IP", "DATABASE_URL", *ADD_ONS])
def test_foreign(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Variables that a platform sets for others are none of our business."""
    monkeypatch.setenv(name, "x")
    load(Settings)


@pytest.mark.parametrize("name", ["IMAGE_PROXIES", "PUBLIC_BASE_URLS", *REDIS_SLIPS])
def test_nearly_foreign(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Unless they look like one of ours."""
    monkeypatch.setenv(name, "x")
    assert problems(monkeypatch)[0].startswith(f"{name} is not a setting")


def test_slip_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistyped setting of Redis is told with the name that was meant, and without its value."""
    found = problems(monkeypatch, REDIS_TLS_VERFIY="marker", REDIS_URI="redis://:marker@redis.test")
    assert found == [
        "REDIS_TLS_VERFIY is not a setting of this version. Did you mean REDIS_TLS_VERIFY?",
        "REDIS_URI is not a setting of this version. Did you mean REDIS_URL?",
    ]


def test_redis_url(monkeypatch: pytest.MonkeyPatch) -> None:
    """An address of Redis that is none is named, and not quoted: it may hold a password."""
    found = problems(monkeypatch, REDIS_URL="http://:marker@x")
    (problem,) = found
    assert problem.startswith("REDIS_URL is no redis:// or rediss:// address")
    assert "marker" not in problem


def test_alias(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name that the Astropiks back end used works too."""
    monkeypatch.delenv("APPROOV_BASE64_SECRET")
    monkeypatch.setenv("APPROOV_TOKEN_BASE64_SECRET", SECRET_TEXT)
    assert load(Settings).secrets[0].secret == b"s" * 64


def test_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A secret can lie in a file; the newline at its end is not part of it."""
    (tmp_path / "key").write_text("from-file\n")
    monkeypatch.delenv("NASA_API_KEY")
    monkeypatch.setenv("NASA_API_KEY_FILE", str(tmp_path / "key"))
    key = load(Settings).nasa_api_key
    assert key
    assert key.get_secret_value() == "from-file"


def test_file_and_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of two secrets is meant is not guessed."""
    assert "both set" in problems(monkeypatch, NASA_API_KEY_FILE="/marker")[0]


def test_two_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is it where a secret has two names."""
    found = problems(monkeypatch, APPROOV_TOKEN_BASE64_SECRET=SECRET_TEXT)
    assert found[0].startswith("APPROOV_BASE64_SECRET and APPROOV_TOKEN_BASE64_SECRET are both set")


@pytest.mark.parametrize("name", ["approov_issuer", "Nasa_Api_Base_Url", "port"])
def test_case(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A variable's name is in upper case; in another it is a slip, or somebody else's."""
    monkeypatch.setenv(name, "65")
    if name == "port":
        assert load(Settings).port == 8080
        return
    assert problems(monkeypatch)[0].startswith(f"{name} is not a setting")


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_unreadable_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    """A file that cannot be read is named once, by its variable."""
    if content:
        (tmp_path / "marker").write_bytes(content)
    monkeypatch.delenv("NASA_API_KEY")
    found = problems(monkeypatch, NASA_API_KEY_FILE=str(tmp_path / "marker"))
    assert [problem.split()[0] for problem in found] == ["NASA_API_KEY_FILE"]
    assert "marker" not in found[0]


def test_described() -> None:
    """Every variable says what it wants."""
    assert all(Settings.model_fields[field].description for field in variables().values())


@pytest.mark.parametrize("name", ["APROOV_ISSUER", "APPROV_BINDING_HEADERS", "WEB_CONCURENCY"])
def test_slip_at_its_beginning(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A slip that makes a variable begin unlike ours is told as well: it might be a protection."""
    monkeypatch.setenv("NASA_API_KEY", "key")
    monkeypatch.setenv("APPROOV_BASE64_SECRET", SECRET_TEXT)
    monkeypatch.setenv(name, "2")
    with pytest.raises(SettingsError, match=f"{name} is not a setting .* Did you mean"):
        load(Settings)


def test_one_port_for_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """The metrics' port cannot be the service's own."""
    monkeypatch.setenv("NASA_API_KEY", "key")
    monkeypatch.setenv("APPROOV_BASE64_SECRET", SECRET_TEXT)
    monkeypatch.setenv("METRICS_PORT", "8080")
    with pytest.raises(SettingsError, match="METRICS_PORT is the same as PORT"):
        load(Settings)
