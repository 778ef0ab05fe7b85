"""Read the process's environment into `Settings`, or say everything wrong with it at once."""

import difflib
import os
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from edge.settings import Settings, variables

S = TypeVar("S", bound=Settings)

SECRET_VARIABLES = ("NASA_API_KEY", "APPROOV_BASE64_SECRET")
"""Each can be given as `NAME_FILE=/path` instead, as container platforms mount secrets."""

ALIASES = ("APPROOV_TOKEN_BASE64_SECRET",)
"""Names that the Astropiks app's own back end used."""

OWN_PREFIXES = ("APPROOV_", "NASA_", "APOD_", "RATE_LIMIT_", "RUNTIME_SECRET")
"""A variable of these that is no setting is a slip, and might be a protection that is not on."""


class SettingsError(Exception):
    """The environment is not a configuration.

    Attributes:
        problems: a sentence for each bad variable: its name and what it wants, never its value.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(kind: type[S]) -> S:
    """Build settings of this *kind* from `os.environ`.

    Raises:
        SettingsError: names every variable that is missing, bad or unknown.
    """
    contents, problems = _secrets_in_files()
    if kind.in_production:
        problems.update(_unknown_variables())
    settings: S | None = None
    try:
        settings = kind(**contents)
    except ValidationError as error:
        for one in error.errors():
            name = str(one["loc"][0]).upper()
            problems.setdefault(name, f"{name} {_fault(one['msg'])}. Wanted: {_wanted(name)}.")
    if settings is None or problems:
        raise SettingsError(list(problems.values()))
    return settings


def _secrets_in_files() -> tuple[dict[str, Any], dict[str, str]]:
    """Read each `NAME_FILE`: contents by field, and problems by the variable they concern."""
    contents: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in SECRET_VARIABLES:
        path = os.environ.get(f"{name}_FILE")
        if not path:
            continue
        if os.environ.get(name):
            problems[name] = f"{name} and {name}_FILE are both set. Wanted: one of them."
            continue
        try:
            contents[name.lower()] = Path(path).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            cause = type(error).__name__
            problems[name] = f"{name}_FILE cannot be read ({cause}). Wanted: {_wanted(name)}."
    return contents, problems


def _unknown_variables() -> dict[str, str]:
    known = {*variables(), *ALIASES, *(f"{name}_FILE" for name in SECRET_VARIABLES)}
    problems = {}
    for name in sorted(set(os.environ) - known):
        if name.startswith(OWN_PREFIXES):
            near = difflib.get_close_matches(name, known, 1, cutoff=0.8)
            hint = f"{near[0]}, perhaps" if near else "nothing of this name; remove it"
            problems[name] = f"{name} is not a setting of this version. Wanted: {hint}."
    return problems


def _fault(message: str) -> str:
    """Turn the validator's message, which never quotes the value, into the end of a sentence."""
    if message == "Field required":
        return "is missing"
    return message.removeprefix("Value error, ").replace("Input should", "should")


def _wanted(name: str) -> str:
    return Settings.model_fields[name.lower()].description or ""
