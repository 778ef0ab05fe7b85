"""Every setting of the service: its variable, type, default and meaning.

`environment.load` fills them in. The README's table and `.env.example` say the same; a test holds
the three together.
"""

import ipaddress
import re
from pathlib import Path
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

from attestation.keys import HmacKey, InvalidKeyError, decode_secret, decode_secrets
from attestation.signing import Mode
from edge import keyset_file
from edge.logs import LogFormat, LogLevel

URL = re.compile(
    r"https?://([A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"
    r"(/[A-Za-z0-9._~/-]*)?"
)
"""Much less than RFC 3986 allows: no user, query, fragment, escape or international name."""


def _secrets(text: object) -> object:
    if not isinstance(text, str):
        return text
    try:
        return decode_secrets(text)
    except InvalidKeyError as error:
        raise ValueError(f"has a secret that {error}") from None


def _keyset(path: Path) -> Path:
    try:
        keyset_file.read(path)
    except InvalidKeyError as error:
        raise ValueError(str(error)) from None
    return path


def _signing_key(text: SecretStr) -> SecretStr:
    try:
        HmacKey(decode_secret(text.get_secret_value()))
    except InvalidKeyError as error:
        raise ValueError(str(error)) from None
    return text


def _sources(text: object) -> object:
    if not isinstance(text, str):
        return text
    names = tuple(name.strip() for name in text.split(","))
    if len(set(names)) != len(names) or not set(names) <= {"legacy", "science"}:
        raise ValueError("is not made of `legacy` and `science`, each once at most")
    return names


def _header_names(text: object) -> object:
    if not isinstance(text, str):
        return text
    names = tuple(_header_name(name.strip()).lower() for name in text.split(",")) if text else ()
    if len(set(names)) != len(names):
        raise ValueError("names a header twice")
    return names


def _header_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
        raise ValueError("is not an HTTP header name")
    return name


def _word(text: str) -> str:
    if not re.fullmatch(r"[!-~]*", text.strip(" ")):
        raise ValueError("is more than one word of ASCII")
    return text.strip(" ")


def _refusal(status: int) -> int:
    if status not in {400, 401, 403}:
        raise ValueError("is no status that refuses")
    return status


def _visible_ascii(secret: SecretStr) -> SecretStr:
    if not re.fullmatch(r"[!-~]+", secret.get_secret_value()):
        raise ValueError("has blanks or characters outside ASCII")
    return secret


def _base_url(text: str) -> str:
    try:
        url = urlsplit(text)
        is_usable = URL.fullmatch(text) and url.port != 0 and "xn--" not in text
    except ValueError:  # its own text would quote the value
        is_usable = False
    if not is_usable or url.hostname is None:
        raise ValueError("is not scheme, host, perhaps port and path, in plain ASCII")
    if url.scheme != "https" and not _is_loopback(url.hostname):
        raise ValueError("is not https (http is for loopback alone)")
    return text.rstrip("/")


def _origin(text: str) -> str:
    url = urlsplit(_base_url(text))
    if url.path:
        raise ValueError("has a path")
    return f"{url.scheme}://{url.netloc}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


SourceName = Literal["legacy", "science"]


class Settings(BaseSettings):
    """Frozen settings. Secrets among them mask themselves wherever they are printed."""

    model_config = SettingsConfigDict(
        alias_generator=str.upper,
        case_sensitive=True,
        frozen=True,
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )
    in_production: ClassVar[bool] = True

    host: str = Field("0.0.0.0", max_length=253, description="address to listen on")  # noqa: S104
    port: int = Field(8080, ge=1, le=65535, description="TCP port to listen on, 1 to 65535")
    services: Literal["all", "proxy", "secrets"] = Field(
        "all", description="services of this process: `all`, `proxy` or `secrets`"
    )
    public_base_url: Annotated[str, AfterValidator(_origin)] | None = Field(
        None, description="scheme and host that clients use; needed for message signatures"
    )
    web_concurrency: int = Field(1, ge=1, le=64, description="worker processes, 1 to 64")

    apod_sources: Annotated[tuple[SourceName, ...], NoDecode, BeforeValidator(_sources)] = Field(
        ("legacy", "science"), description="NASA's APIs of the picture of the day, best first"
    )
    nasa_api_key: SecretStr | None = Field(
        None,
        validate_default=True,
        description="key for api.nasa.gov; required for the proxy, unless `science` is its only "
        "source",
    )
    nasa_api_key_in: Literal["header", "query"] = Field(
        "header",
        description="place of the key in requests to NASA: `header` (`X-Api-Key`) or `query` "
        "(`api_key`)",
    )
    nasa_api_base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        "https://api.nasa.gov", description="address of NASA's API: https, or http on loopback"
    )

    nasa_science_base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        "https://science.nasa.gov", description="address of NASA's new API, likewise"
    )
    apod_max_range_days: int = Field(
        366, ge=1, le=12000, description="longest range of dates that is answered, in days"
    )

    approov_keyset_file: Annotated[Path, AfterValidator(_keyset)] | None = Field(
        None, description="file with a JSON Web Key Set, for keys with a `kid` or asymmetric ones"
    )
    approov_base64_secret: Annotated[
        tuple[InstanceOf[HmacKey], ...] | None, NoDecode, BeforeValidator(_secrets)
    ] = Field(
        None,
        validate_default=True,
        validation_alias=AliasChoices("APPROOV_BASE64_SECRET", "APPROOV_TOKEN_BASE64_SECRET"),
        description="base64 secret(s) of the Approov account, comma-separated, newest first; "
        "required unless there is a key set",
    )
    approov_header_name: Annotated[str, AfterValidator(_header_name)] = Field(
        "Approov-Token", description="request header that carries the token"
    )
    approov_header_prefix: Annotated[str, AfterValidator(_word)] = Field(
        "", description="text before the token in that header, such as `Bearer`"
    )
    approov_issuer: str | None = Field(None, description="`iss` that tokens must have")
    approov_audience: str | None = Field(None, description="`aud` that tokens must have")
    approov_leeway_seconds: float = Field(
        0, ge=0, le=300, description="clock skew allowed when tokens expire, 0 to 300 seconds"
    )
    approov_max_lifetime_seconds: float | None = Field(
        None, gt=0, description="seconds that a token may still be good for"
    )
    approov_binding_headers: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_header_names)
    ] = Field((), description="request headers that tokens are bound to, comma-separated, in order")
    approov_missing_binding: Literal["deny", "allow"] = Field(
        "deny", description="what a token bound to nothing gets then: `deny` or `allow`"
    )
    approov_message_signing: Mode = Field(
        "off", description="HTTP message signatures: `off`, `if-present` or `required`"
    )
    approov_account_signing_key: Annotated[SecretStr, AfterValidator(_signing_key)] | None = Field(
        None, description="base64 key of the account's message signatures"
    )
    approov_signature_max_age_seconds: int = Field(
        60, ge=1, le=3600, description="age at which a message signature is refused, in seconds"
    )
    approov_signature_skew_seconds: int = Field(
        5, ge=0, le=300, description="clock skew allowed for message signatures, 0 to 300 seconds"
    )
    approov_enforcement: Literal["enforce", "monitor"] = Field(
        "enforce",
        description="`enforce`, or `monitor`: the proxy answers all the same, and reports",
    )
    approov_status_missing: Annotated[int, AfterValidator(_refusal)] = Field(
        401, description="status for a request without a token: 400, 401 or 403"
    )
    approov_status_invalid: Annotated[int, AfterValidator(_refusal)] = Field(
        401, description="status for a request with a bad token: 400, 401 or 403"
    )

    metrics_token: Annotated[SecretStr, AfterValidator(_visible_ascii)] | None = Field(
        None, description="bearer token for `/metrics`, which is not served without one"
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
        is_needed = info.data.get("services") != "secrets" and "legacy" in info.data.get(
            "apod_sources", ("legacy",)
        )
        if key is None and cls.in_production and is_needed:
            raise ValueError("is missing")
        return key if key is None else _visible_ascii(key)

    @field_validator("approov_base64_secret")
    @classmethod
    def _usable_secrets(
        cls, secrets: tuple[HmacKey, ...] | None, info: ValidationInfo
    ) -> tuple[HmacKey, ...] | None:
        if secrets is None and info.data.get("approov_keyset_file", True) is None:
            raise ValueError("is missing")
        if cls.in_production and any(key.is_published for key in secrets or ()):
            raise ValueError(
                "holds a secret that Approov publishes with its samples: everybody can sign with it"
            )
        return secrets

    @property
    def secrets(self) -> tuple[HmacKey, ...]:
        """The HS256 secrets, newest first."""
        return self.approov_base64_secret or ()

    @property
    def account_signing_key(self) -> bytes | None:
        """The decoded key of the account's message signatures."""
        key = self.approov_account_signing_key
        return None if key is None else decode_secret(key.get_secret_value())


class DevelopmentSettings(Settings):
    """The same for a laptop: Approov's published examples work, and NASA needs no key.

    Unknown variables are let be, since Approov's command line keeps some in a developer's shell.
    """

    in_production: ClassVar[bool] = False

    log_format: LogFormat = "console"


def variables() -> dict[str, str]:
    """Every variable's name, with the name of its field."""
    return {name.upper(): name for name in Settings.model_fields}
