"""`RUNTIME_SECRETS_FILE`: TOML, checked whole; every mistake with its line."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    InstanceOf,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from edge import rates
from secrets_service import sources
from secrets_service.catalog import DEFAULT_LIFETIME_SECONDS, NAME, RuntimeSecret, Version
from secrets_service.policy import SecretPolicy
from secrets_service.sources import Source
from secrets_service.toml_lines import line_of

MAX_FILE_BYTES = 1024 * 1024

MAX_LIFETIME_SECONDS = 10 * 365 * 24 * 3600

ClaimValue = StrictStr | StrictBool | StrictInt

MESSAGES = {
    "extra_forbidden": "is not known here",
    "missing": "is missing",
    "string_pattern_mismatch": "is not written as names are",
}
"""Pydantic's kinds of error in our words; the rest keep theirs, which quote no value."""


class CatalogError(ValueError):
    """The file is no catalog.

    Attributes:
        problems: a sentence for each mistake, with its line; no value is quoted.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a file is checked against.

    Attributes:
        environ: where ``env:`` sources look.
        lacks: says what a policy wants that the service is not set up for, if anything.
    """

    environ: Mapping[str, str] = field(repr=False)
    lacks: Callable[[SecretPolicy], str | None]


@dataclass(frozen=True, slots=True)
class _Origin:
    text: str
    source: Source


def _origin(text: object, info: ValidationInfo) -> object:
    if not isinstance(text, str):
        raise ValueError(f"wants {sources.FORMS}")  # noqa: TRY004  (pydantic wants ValueError)
    assert isinstance(info.context, Surroundings)  # noqa: S101
    return _Origin(text, sources.parse(text, info.context.environ))


Origin = Annotated[InstanceOf[_Origin], BeforeValidator(_origin)]
VersionName = Annotated[StrictStr, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
SecretName = Annotated[str, Field(pattern=f"^{NAME.pattern}$", max_length=64)]


def _sane(moment: datetime) -> datetime:
    if not 2000 <= moment.year <= 9000:
        raise ValueError("is of another age")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_sane)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class _Policy(_Strict):
    binding: StrictBool = False
    signature: StrictBool = False
    sealed: StrictBool = False
    claims: dict[str, ClaimValue | Annotated[list[ClaimValue], Field(min_length=1)]] = {}
    max_token_age: Annotated[StrictInt, Field(gt=0, le=MAX_LIFETIME_SECONDS)] | None = None
    rate: Annotated[StrictStr, AfterValidator(rates.checked)] | None = None

    @model_validator(mode="after")
    def _possible(self, info: ValidationInfo) -> Self:
        assert isinstance(info.context, Surroundings)  # noqa: S101
        if lack := info.context.lacks(self.policy()):
            raise ValueError(lack)
        return self

    def policy(self) -> SecretPolicy:
        claims = {
            name: tuple(value) if isinstance(value, list) else (value,)
            for name, value in self.claims.items()
        }
        return SecretPolicy(**{**dict(self), "claims": claims})


class _Version(_Strict):
    name: VersionName
    source: Origin

    def version(self) -> Version:
        return Version(self.name, self.source.text, self.source.source)


class _Next(_Version):
    begins: Moment = Field(alias="from")


class _Retired(_Strict):
    name: VersionName
    until: Moment


class _Versions(_Strict):
    current: _Version
    next: _Next | None = None
    retired: list[_Retired] = []

    @model_validator(mode="after")
    def _all_different(self) -> Self:
        names = [self.current.name, *(one.name for one in self.retired)]
        names += [self.next.name] if self.next else []
        if len(set(names)) != len(names):
            raise ValueError("two of them have one name")
        return self


class _Secret(_Strict):
    source: Origin | None = None
    versions: _Versions | None = None
    lifetime: Annotated[StrictInt, Field(gt=0, le=MAX_LIFETIME_SECONDS)] = DEFAULT_LIFETIME_SECONDS
    policy: _Policy | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.source is None) == (self.versions is None):
            raise ValueError("wants either a source or versions")
        return self

    def secret(self, name: str) -> RuntimeSecret:
        policy = self.policy.policy() if self.policy else SecretPolicy()
        if self.source:
            only = Version(None, self.source.text, self.source.source)
            return RuntimeSecret(
                name=name, current=only, lifetime_seconds=self.lifetime, policy=policy
            )
        assert self.versions is not None  # noqa: S101  (see `_one_way`)
        following = self.versions.next
        return RuntimeSecret(
            name=name,
            current=self.versions.current.version(),
            next=following.version() if following else None,
            next_at=following.begins.timestamp() if following else 0,
            retired={one.name: one.until.timestamp() for one in self.versions.retired},
            lifetime_seconds=self.lifetime,
            policy=policy,
        )


class _File(_Strict):
    secrets: dict[SecretName, _Secret]


def read(path: Path, surroundings: Surroundings) -> dict[str, RuntimeSecret]:
    """Read the secrets of the file at *path*.

    Raises:
        CatalogError: names every mistake, with its line.
    """
    text = _text(path)
    try:
        file = _File.model_validate(tomllib.loads(text), context=surroundings)
    except tomllib.TOMLDecodeError as error:
        raise CatalogError([_without_quotes(str(error))]) from None
    except ValidationError as error:
        raise CatalogError(
            [_problem(text, one["loc"], one["type"], one["msg"]) for one in error.errors()]
        ) from None
    except (ValueError, RecursionError) as error:  # of endless numbers, and of depth
        raise CatalogError([f"the file cannot be read ({type(error).__name__})"]) from None
    return {name: secret.secret(name) for name, secret in file.secrets.items()}


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise CatalogError([f"the file is longer than {MAX_FILE_BYTES} bytes"])
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CatalogError([f"the file cannot be read ({type(error).__name__})"]) from None
    except UnicodeError:
        raise CatalogError(["the file is not UTF-8"]) from None


def _problem(text: str, place: tuple[str | int, ...], kind: str, message: str) -> str:
    """Say what is wrong at *place*: a union's branches and key marks are no part of a path."""
    names = [
        one for one in place if one != "[key]" and not str(one).startswith(("list[", "constrained"))
    ]
    said = MESSAGES.get(kind, message.removeprefix("Value error, "))
    return f"line {line_of(text, names)}: {'.'.join(map(str, names))} {said}"


def _without_quotes(message: str) -> str:
    """Leave out what a parser quotes: a slip of the pen may have put a value there."""
    return re.sub(r"'[^']*'|\"[^\"]*\"", "…", message)
