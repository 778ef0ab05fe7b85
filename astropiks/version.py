"""Which version this is: as the project beside the packages says, or what was installed."""

import tomllib
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version
from pathlib import Path

NAME = "astropiks-proxy"

PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
"""A platform installs no local project: then this is the one place that knows."""


def version() -> str:
    """Give the version, such as `0.1.0`, or `unknown` where the packages lie alone."""
    if PROJECT.is_file():
        project = tomllib.loads(PROJECT.read_text(encoding="utf-8")).get("project", {})
        if project.get("name") == NAME:
            return str(project["version"])
    try:
        return installed_version(NAME)
    except PackageNotFoundError:
        return "unknown"
