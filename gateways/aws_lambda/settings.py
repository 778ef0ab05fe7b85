"""What the operator decides, read from the function's environment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from attestation.binding import BindingPolicy
from attestation.claims import ClaimPolicy
from attestation.verifier import Policy

Answers = Literal["simple", "policy"]

HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

NAMES = frozenset(
    {
        "APPROOV_BASE64_SECRET",
        "APPROOV_SECRET_ID",
        "APPROOV_SECRET_MEMBER",
        "APPROOV_SECRET_SECONDS",
        "APPROOV_HEADER_NAME",
        "APPROOV_BINDING_HEADERS",
        "APPROOV_ISSUER",
        "APPROOV_AUDIENCE",
        "APPROOV_LEEWAY_SECONDS",
        "APPROOV_ANSWERS",
    }
)


class SettingsError(ValueError):
    """A variable is missing or bad. The message names it and never quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One authorizer's.

    Attributes:
        secret: the base64 secrets themselves, newest first, or
        secret_id: name or ARN of the secret of Secrets Manager that holds them, and
        secret_member: of it, if it is a JSON object.
        secret_seconds: how long they are remembered.
        policy: what tokens have to be.
        answers: to HTTP APIs with payload 2.0: the others understand policies alone.
    """

    secret: str | None = field(default=None, repr=False)
    secret_id: str | None = None
    secret_member: str | None = None
    secret_seconds: float = 300
    policy: Policy = field(default_factory=Policy)
    answers: Answers = "simple"


def read(environ: Mapping[str, str]) -> Settings:
    """Read the variables; an empty one counts as none, for templates cannot leave one out.

    Raises:
        SettingsError: one is missing or bad, or has a name that looks like a setting and is none.
    """
    given = {
        name: value.strip()
        for name, value in environ.items()
        if name.startswith("APPROOV_") and value.strip()
    }
    # A binding that is switched on by a misspelt name would be off.
    if unknown := sorted(given.keys() - NAMES):
        raise SettingsError(f"{', '.join(unknown)}: there is no such setting")
    if ("APPROOV_BASE64_SECRET" in given) == ("APPROOV_SECRET_ID" in given):
        raise SettingsError("set one of APPROOV_BASE64_SECRET and APPROOV_SECRET_ID")
    return Settings(
        secret=given.get("APPROOV_BASE64_SECRET"),
        secret_id=given.get("APPROOV_SECRET_ID"),
        secret_member=given.get("APPROOV_SECRET_MEMBER"),
        secret_seconds=_seconds(given, "APPROOV_SECRET_SECONDS", 300),
        policy=Policy(
            token_header=_header("APPROOV_HEADER_NAME", given.get("APPROOV_HEADER_NAME", "")),
            claims=ClaimPolicy(
                issuer=given.get("APPROOV_ISSUER"),
                audience=given.get("APPROOV_AUDIENCE"),
                leeway_seconds=_seconds(given, "APPROOV_LEEWAY_SECONDS", 0),
            ),
            binding=BindingPolicy(headers=_binding(given.get("APPROOV_BINDING_HEADERS", ""))),
        ),
        answers=_answers(given.get("APPROOV_ANSWERS", "simple")),
    )


def _seconds(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not re.fullmatch(r"[0-9]{1,5}", text):
        raise SettingsError(f"{name}: wants a whole number of seconds")
    return int(text)


def _header(variable: str, name: str) -> str:
    name = name or "Approov-Token"
    if not HEADER.fullmatch(name):
        raise SettingsError(f"{variable}: wants the name of a header")
    return name.lower()


def _binding(text: str) -> tuple[str, ...]:
    names = [name.strip() for name in text.split(",")] if text else []
    if not all(names):
        raise SettingsError("APPROOV_BINDING_HEADERS: has a comma too many")
    return tuple(_header("APPROOV_BINDING_HEADERS", name) for name in names)


def _answers(text: str) -> Answers:
    if text == "simple":
        return "simple"
    if text == "policy":
        return "policy"
    raise SettingsError("APPROOV_ANSWERS: wants simple or policy")
