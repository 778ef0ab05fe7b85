"""Every setting of the service: its variable, type, default and meaning.

`environment.load` fills them in. The README's table and `.env.example` say the same; a test holds
the three together.
"""

import ipaddress
import re
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    InstanceOf,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from attestation.keys import InvalidSecretError, KeyRing
from edge.logs import LogFormat, LogLevel


def _keys(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return KeyRing.from_base64_list(text)
    except InvalidSecretError as error:
        raise ValueError(f"has a secret that {error}") from None


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        raise ValueError("is not an HTTP header name")
    return name


def _printable_ascii(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        raise ValueError("is not printable ASCII")
    return text


def _visible_ascii(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("has blanks or characters outside ASCII")
    return secret


def _base_url(text: str) -> str:
    url = urlsplit(text)
    if url.username or url.password or url.query or url.fragment or not url.hostname:
        raise ValueError("has a user, a query or a fragment, or lacks a host")
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.hostname)):
        raise ValueError("is not https (http is for loopback alone)")
    return text.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Settings(BaseSettings):
    """Frozen settings. Secrets among them mask themselves wherever they are printed."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_by_name=True,
    )
    in_production: ClassVar[bool] = True

    host: str = Field("0.0.0.0", description="address to listen on")  # noqa: S104
    port: int = Field(8080, ge=1, le=65535, description="TCP port to listen on, 1 to 65535")
    services: Literal["all", "proxy", "secrets"] = Field(
        "all", description="services of this process: `all`, `proxy` or `secrets`"
    )
    web_concurrency: int = Field(1, ge=1, le=64, description="worker processes, 1 to 64")

    nasa_api_key: SecretStr | None = Field(
        None,
        validate_default=True,
        description="key for api.nasa.gov; required for the proxy",
    )
    nasa_api_key_in: Literal["header", "query"] = Field(
        "header",
        description="place of the key in requests to NASA: `header` (`X-Api-Key`) or `query` "
        "(`api_key`)",
    )
    nasa_api_base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        "https://api.nasa.gov", description="address of NASA's API: https, or http on loopback"
    )

    approov_base64_secret: Annotated[InstanceOf[KeyRing], NoDecode, BeforeValidator(_keys)] = Field(
        validation_alias=AliasChoices("APPROOV_BASE64_SECRET", "APPROOV_TOKEN_BASE64_SECRET"),
        description="base64 secret(s) of the Approov account, comma-separated, newest first; "
        "required",
    )
    approov_header_name: Annotated[str, AfterValidator(_header_name)] = Field(
        "Approov-Token", description="request header that carries the token"
    )
    approov_header_prefix: Annotated[str, AfterValidator(_printable_ascii)] = Field(
        "", description="text before the token in that header, such as `Bearer`"
    )

    log_format: LogFormat = Field("json", description="form of log lines: `json` or `console`")
    log_level: LogLevel = Field(
        "info", description="least level that is logged: `debug`, `info`, `warning` or `error`"
    )

    @property
    def serves_proxy(self) -> bool:
        """Whether this process answers NASA's paths."""
        return self.services in {"all", "proxy"}

    @property
    def serves_secrets(self) -> bool:
        """Whether this process answers `/secrets`."""
        return self.services in {"all", "secrets"}

    @field_validator("nasa_api_key")
    @classmethod
    def _key_for_the_proxy(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if key is None and cls.in_production and info.data.get("services") != "secrets":
            raise ValueError("is missing")
        return key if key is None else _visible_ascii(key)

    @field_validator("approov_base64_secret")
    @classmethod
    def _not_published(cls, keys: KeyRing) -> KeyRing:
        if cls.in_production and any(key.is_published for key in keys):
            raise ValueError(
                "holds a secret that Approov publishes with its samples: everybody can sign with it"
            )
        return keys


class DevelopmentSettings(Settings):
    """The same for a laptop: Approov's published examples work, and NASA needs no key.

    Unknown variables are let be, since Approov's command line keeps some in a developer's shell.
    """

    in_production: ClassVar[bool] = False

    log_format: LogFormat = "console"


def variables() -> dict[str, str]:
    """Every variable's name, with the name of its field."""
    return {name.upper(): name for name in Settings.model_fields}
