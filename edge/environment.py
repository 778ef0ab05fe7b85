"""Read the process's environment into `Settings`, or say everything wrong with it at once."""

import difflib
import os
import re
from collections.abc import Iterable
from typing import Any, TypeVar

from pydantic import ValidationError

from edge import secret_files
from edge.settings import Settings, variables

S = TypeVar("S", bound=Settings)

SECRET_VARIABLES = (
    "NASA_API_KEY",
    "APPROOV_BASE64_SECRET",
    "APPROOV_ACCOUNT_SIGNING_KEY",
    "METRICS_TOKEN",
    "AUDIT_HASH_KEY",
    "REDIS_URL",
)
"""Each can be given as `NAME_FILE=/path` instead, as container platforms mount secrets.

The first two are followed when their files change; see `edge.secret_files`."""

ALIASES = {"APPROOV_TOKEN_BASE64_SECRET": "APPROOV_BASE64_SECRET"}
"""Names that the Astropiks app's own back end used, and ours."""

OWN_PREFIXES = (
    "APPROOV_",
    "NASA_",
    "APOD_",
    "IMAGE_",
    "RUNTIME_SECRET",
    "PUBLIC_",
    "METRICS_",
    "AUDIT_",
    "RATE_LIMIT_",
    "FORWARDED_",
    "REDIS_",
    "ATTEST_",
)
"""A variable of these that is no setting is a slip, and might be a protection that is not on."""

SHARED_PREFIXES = ("IMAGE_", "PUBLIC_", "RATE_LIMIT_", "FORWARDED_", "REDIS_", "ATTEST_")
"""Of these a platform may have its own: only what looks like a setting of ours is a slip."""

ADD_ON_PREFIX = "REDIS_"
"""Of these it sets many beside ours, and nobody can remove them: REDIS_USER, REDIS_TLS_URL,
REDIS_PORT_6379_TCP. A slip is nearer to ours than these are, and has as many words."""

LIKENESS, ADD_ON_LIKENESS, SLIP_LIKENESS = 0.8, 0.85, 0.94
"""From which on, by `difflib`, a name looks like another: one that begins like ours, one of those
that platforms set, and any other (`APROOV_ISSUER`)."""

RUNTIME_SECRET = "RUNTIME_SECRET_"
"""What comes after it is the name of a runtime secret."""


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
    contents["RUNTIME_SECRETS"], odd = _runtime_secrets()
    problems.update(odd)
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
    """Read each `NAME_FILE`: contents, and problems, by the variable they concern."""
    contents: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in SECRET_VARIABLES:
        path = os.environ.get(f"{name}_FILE")
        aliases = (alias for alias, ours in ALIASES.items() if ours == name)
        ways = [way for way in (name, f"{name}_FILE", *aliases) if os.environ.get(way)]
        if len(ways) > 1:
            problems[name] = f"{' and '.join(ways)} are both set. Wanted: one of them."
        if len(ways) != 1 or not path:
            continue
        try:
            contents[name] = secret_files.read(path)
        except (OSError, ValueError) as error:
            cause = type(error).__name__
            problems[name] = f"{name}_FILE cannot be read ({cause}). Wanted: {_wanted(name)}."
    return contents, problems


def _runtime_secrets() -> tuple[dict[str, str], dict[str, str]]:
    """Read each `RUNTIME_SECRET_<NAME>`: values by the secrets' names, and problems."""
    secrets: dict[str, str] = {}
    problems: dict[str, str] = {}
    for variable, value in os.environ.items():
        if variable.startswith(RUNTIME_SECRET) and value:
            name = variable.removeprefix(RUNTIME_SECRET)
            if re.fullmatch(r"[A-Z0-9]+(_[A-Z0-9]+)*", name) and len(name) <= 64:
                secrets[name.lower().replace("_", "-")] = value
            else:
                problems[variable] = (
                    f"{variable} is no name of a secret. Wanted: capital letters and digits, with "
                    "underscores between."
                )
    return secrets, problems


def _unknown_variables() -> dict[str, str]:
    known = {*variables(), *ALIASES, *(f"{name}_FILE" for name in SECRET_VARIABLES)}
    problems = {}
    for name in sorted(set(os.environ) - known):
        if name.startswith(RUNTIME_SECRET):
            continue
        if name.upper().startswith(OWN_PREFIXES):
            near = _near(name.upper(), known)
            if not near and name.upper().startswith(SHARED_PREFIXES):
                continue
            hint = f"Did you mean {near[0]}?" if near else "Remove it."
        elif "_" in name and (near := _near(name.upper(), known, SLIP_LIKENESS)):
            hint = f"Did you mean {near[0]}?"
        else:
            continue
        problems[name] = f"{name} is not a setting of this version. {hint}"
    return problems


def _near(name: str, known: Iterable[str], likeness: float = LIKENESS) -> list[str]:
    """Give the setting that *name* looks like, if there is one."""
    if not name.startswith(ADD_ON_PREFIX):
        return difflib.get_close_matches(name, known, 1, cutoff=likeness)
    as_long = [one for one in known if one.count("_") == name.count("_")]
    return difflib.get_close_matches(name, as_long, 1, cutoff=ADD_ON_LIKENESS)


def _fault(message: str) -> str:
    """Turn a validator's message into the end of a sentence: our own, which quotes no value."""
    own = message.removeprefix("Value error, ")
    return own if own != message else "does not fit"


def _wanted(name: str) -> str:
    return Settings.model_fields[name.lower()].description or ""
