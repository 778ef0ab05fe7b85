"""The files that platforms read, compared with what the service does."""

import json
import os
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import yaml

from astropiks import server, stopping
from edge import exposition
from edge.environment import load
from edge.health import PATHS
from edge.settings import Settings
from tests.astropiks.test_serve import SECRET_TEXT
from tests.conftest import NASA_KEY
from tests.processes import ROOT

READY = PATHS[1]

SECONDS = stopping.ANNOUNCE_SECONDS + server.SHUTDOWN_SECONDS
"""From SIGTERM to the end, at most."""

SECRETS = {"NASA_API_KEY": NASA_KEY, "APPROOV_BASE64_SECRET": SECRET_TEXT}
"""What every deployment has to be given."""

Configure = Callable[[Mapping[str, str]], Settings]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Configure:
    """Give settings for an environment, or fail with what `serve` would say to it."""

    def settings(env: Mapping[str, str]) -> Settings:
        for name in os.environ:
            monkeypatch.delenv(name)
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        return load(Settings)

    return settings


def test_heroku(configure: Configure) -> None:
    """The button asks for both secrets, and presets what the router and Redis there need."""
    app = json.loads((ROOT / "app.json").read_text())
    asked = app["env"]
    required = {name for name, one in asked.items() if one.get("required", True)}
    given = {name: one["value"] for name, one in asked.items() if "value" in one}
    assert required - given.keys() == SECRETS.keys()
    assert all(one["description"] for one in asked.values())
    optional = dict.fromkeys(asked.keys() - required, "https://proxy.test")
    settings = configure({**SECRETS, **given, **optional, "REDIS_URL": "rediss://:word@redis:6380"})
    assert settings.forwarded_allow_ips == "*"
    assert settings.redis_tls_verify == "off"
    assert app["success_url"] == READY


def test_render(configure: Configure) -> None:
    """The Blueprint asks for the secrets, shares Redis, and gives a process time to end."""
    blueprint: dict[str, Any] = yaml.safe_load((ROOT / "render.yaml").read_text())
    web, redis = blueprint["services"]
    assert (web["type"], web["runtime"], redis["type"]) == ("web", "docker", "keyvalue")
    assert (ROOT / "Dockerfile").is_file()
    assert web["healthCheckPath"] == READY
    assert SECONDS < web["maxShutdownDelaySeconds"] <= 300
    variables = {one.pop("key"): one for one in web["envVars"]}
    asked = {name for name, one in variables.items() if one == {"sync": False}}
    assert asked == {*SECRETS, "PUBLIC_BASE_URL", "FORWARDED_ALLOW_IPS"}
    source = variables["REDIS_URL"]["fromService"]
    assert (source["type"], source["name"]) == (redis["type"], redis["name"])
    assert redis["maxmemoryPolicy"] == "noeviction"
    assert redis["ipAllowList"] == []
    more = {
        "PUBLIC_BASE_URL": "https://proxy.test",
        "FORWARDED_ALLOW_IPS": "10.0.0.0/8",
        "REDIS_URL": "redis://red-1:6379",
    }
    settings = configure({**SECRETS, **more, "PORT": "10000"})
    assert variables.keys() == {*SECRETS, *more}
    assert settings.port == 10000


def test_fly(configure: Configure) -> None:
    """Ports, checks, metrics and the time to end are those of the service."""
    fly = tomllib.loads((ROOT / "fly.toml").read_text())
    settings = configure({**SECRETS, **fly["env"]})
    service = fly["http_service"]
    assert service["internal_port"] == settings.port
    assert service["force_https"] is True
    assert [check["path"] for check in service["checks"]] == [READY]
    assert fly["kill_signal"] == "SIGTERM"
    assert SECONDS < fly["kill_timeout"] <= 300
    assert fly["metrics"] == {"port": settings.metrics_port, "path": exposition.PATH}
    limits = service["concurrency"]
    assert limits["soft_limit"] < limits["hard_limit"]
