"""Where a secret's value comes from: the environment, a file, or AWS Secrets Manager."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from pydantic import SecretStr

from edge.environment import ALIASES, SECRET_VARIABLES
from secrets_service.aws import AwsSource
from secrets_service.errors import SourceError
from secrets_service.values import MAX_VALUE_BYTES, checked_value

FORMS = "env:NAME, file:/path or aws-secrets-manager:id#key"


class Source(Protocol):
    """One place of a value."""

    async def read(self) -> SecretStr:
        """Give the value as it is now.

        Raises:
            SourceError: it cannot be had.
        """


class ValueSource:
    """A value that came with the settings."""

    def __init__(self, value: SecretStr) -> None:
        self._value = value

    async def read(self) -> SecretStr:
        """Give it."""
        return self._value


class EnvironmentSource:
    """A variable. Only its name is held here."""

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self._name = name
        self._environ = environ

    async def read(self) -> SecretStr:
        """Look it up."""
        return checked_value(self._environ.get(self._name, ""))


class FileSource:
    """A file, as container platforms mount secrets; a newline at its end does not count."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> SecretStr:
        """Read it, off the event loop: it may lie in a network."""
        return await asyncio.to_thread(self.read_now)

    def read_now(self) -> SecretStr:
        """Read it."""
        try:
            if self._path.exists() and not self._path.is_file():
                raise SourceError("the path is of something else than a file")
            with self._path.open("rb") as file:
                content = file.read(MAX_VALUE_BYTES + 2)
            text = content.decode("utf-8")
        except OSError as error:
            raise SourceError(f"the file cannot be read ({type(error).__name__})") from None
        except UnicodeError:
            raise SourceError("the file is not UTF-8") from None
        return checked_value(text.removesuffix("\n").removesuffix("\r"))


def parse(text: str, environ: Mapping[str, str]) -> Source:
    """Make the source that *text* describes, and see to it that it can be there.

    Raises:
        ValueError: it is of no known form, or there is nothing at it. Quotes no value.
    """
    kind, _, place = text.partition(":")
    match kind:
        case "env" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", place):
            if place in {*SECRET_VARIABLES, *ALIASES}:
                raise ValueError("the variable is a secret of this service's own")
            if not environ.get(place):
                raise ValueError("the variable is not set")
            return EnvironmentSource(place, environ)
        case "file" if place.startswith("/"):
            source = FileSource(Path(place))
            try:
                source.read_now()
            except SourceError as error:
                raise ValueError(str(error)) from None
            return source
        case "aws-secrets-manager" if re.fullmatch(
            r"[A-Za-z0-9/_+=.@:-]{1,2048}(#.{1,256})?", place
        ):
            name, _, key = place.partition("#")
            return AwsSource(name, key or None)
    raise ValueError(f"wants {FORMS}")
