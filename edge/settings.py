"""Every setting of the service: its variable, type, default and meaning.

`environment.load` fills them in. The README's table and `.env.example` say the same; a test holds
the three together.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar, Literal

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

from attestation.keys import (
    HmacKey,
    InvalidKeyError,
    Key,
    KeyRing,
    decode_secret,
)
from attestation.signing import Mode
from edge import keyset_file, rates, setting_types
from edge.logs import LogFormat, LogLevel
from edge.setting_types import Forwarders, Networks

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
    public_base_url: Annotated[str, AfterValidator(setting_types.origin)] | None = Field(
        None,
        description="scheme and host that clients use; required for signatures and pictures",
    )
    web_concurrency: int = Field(1, ge=1, le=64, description="worker processes, 1 to 64")
    redis_url: Annotated[SecretStr, AfterValidator(setting_types.redis_url)] | None = Field(
        None,
        description="`redis://` or `rediss://` address: what all processes share, and the audit "
        "trail as a stream",
    )
    redis_tls_verify: Literal["on", "off"] = Field(
        "on",
        description="`off`: a `rediss://` server may have any certificate, also a self-signed one",
    )
    forwarded_allow_ips: Annotated[
        Forwarders, NoDecode, BeforeValidator(setting_types.forwarders)
    ] = Field(
        (),
        description="addresses or networks of routers whose `X-Forwarded-For` is believed; `*`: "
        "whoever connects is the one router, and the last address is right",
    )
    rate_limit_device: Annotated[str, AfterValidator(rates.checked_or_off)] = Field(
        "120/minute", description="requests of one device, such as `120/minute`, or `off`"
    )
    rate_limit_rejected: Annotated[str, AfterValidator(rates.checked_or_off)] = Field(
        "60/minute", description="refused requests that one address gets a 401 for, or `off`"
    )

    apod_sources: Annotated[
        tuple[SourceName, ...], NoDecode, BeforeValidator(setting_types.sources)
    ] = Field(
        ("legacy", "science"), description="NASA's APIs of the picture of the day, best first"
    )
    nasa_passthrough: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(setting_types.path_prefixes)
    ] = Field((), description="paths of other NASA APIs to pass on, such as `/neo/,/DONKI/`")
    nasa_api_key: SecretStr | None = Field(
        None,
        validate_default=True,
        description="key for api.nasa.gov; required for the proxy, unless `science` is its only "
        "source and nothing is passed on",
    )
    nasa_api_key_in: Literal["header", "query"] = Field(
        "header",
        description="place of the key in requests to NASA: `header` (`X-Api-Key`) or `query` "
        "(`api_key`)",
    )
    nasa_api_base_url: Annotated[str, AfterValidator(setting_types.base_url)] = Field(
        "https://api.nasa.gov", description="address of NASA's API: https, or http on loopback"
    )

    nasa_science_base_url: Annotated[str, AfterValidator(setting_types.base_url)] = Field(
        "https://science.nasa.gov", description="address of NASA's new API, likewise"
    )
    image_proxy: Literal["off", "on"] = Field(
        "off", description="`on`: `url` and `hdurl` lead through this service, which streams them"
    )
    image_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(setting_types.hosts)] = Field(
        ("apod.nasa.gov", "assets.science.nasa.gov"),
        description="hosts whose pictures are passed on then",
    )
    image_max_megabytes: int = Field(
        64, ge=1, le=1024, description="largest picture that is passed on, in MB"
    )
    nasa_image_base_url: Annotated[str, AfterValidator(setting_types.base_url)] | None = Field(
        None,
        description="address with a folder for each of these hosts, in their place: a mirror",
    )
    apod_max_range_days: int = Field(
        366, ge=1, le=12000, description="longest range of dates that is answered, in days"
    )

    apod_unpublished: Literal["not-found", "latest"] = Field(
        "not-found",
        description="what today's date gets before its picture is out: `not-found`, as NASA "
        "answers, or `latest`",
    )
    apod_stale_days: int = Field(
        30,
        ge=0,
        le=3650,
        description="days past its lifetime for which a record is served while NASA fails",
    )
    apod_warm_days: int = Field(
        30, ge=0, le=366, description="days up to today that are fetched at start, 0 to 366"
    )

    approov_keyset_file: Path | None = Field(
        None, description="file with a JSON Web Key Set, for keys with a `kid` or asymmetric ones"
    )
    approov_base64_secret: Annotated[
        tuple[InstanceOf[HmacKey], ...] | None, NoDecode, BeforeValidator(setting_types.secrets)
    ] = Field(
        None,
        validate_default=True,
        validation_alias=AliasChoices("APPROOV_BASE64_SECRET", "APPROOV_TOKEN_BASE64_SECRET"),
        description="base64 secret(s) of the Approov account, comma-separated, newest first; "
        "required unless there is a key set",
    )
    approov_header_name: Annotated[str, AfterValidator(setting_types.header_name)] = Field(
        "Approov-Token", description="request header that carries the token"
    )
    approov_header_prefix: Annotated[str, AfterValidator(setting_types.word)] = Field(
        "", description="text before the token in that header, such as `Bearer`"
    )
    approov_issuer: str | None = Field(None, description="`iss` that tokens must have")
    approov_audience: str | None = Field(None, description="`aud` that tokens must have")
    approov_leeway_seconds: float = Field(
        0, ge=0, le=300, description="clock skew allowed for tokens, 0 to 300 seconds"
    )
    approov_max_lifetime_seconds: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="seconds that a token may still be good for"
    )
    approov_binding_headers: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(setting_types.header_names)
    ] = Field((), description="request headers that tokens are bound to, comma-separated, in order")
    approov_missing_binding: Literal["deny", "allow"] = Field(
        "deny", description="what a token bound to nothing gets then: `deny` or `allow`"
    )
    approov_message_signing: Mode = Field(
        "off", description="HTTP message signatures: `off`, `if-present` or `required`"
    )
    approov_account_signing_key: SecretStr | None = Field(
        None, description="base64 key of the account's message signatures"
    )
    approov_signature_max_age_seconds: int = Field(
        60, ge=1, le=3600, description="greatest age of a message signature, 1 to 3600 seconds"
    )
    approov_signature_skew_seconds: int = Field(
        5, ge=0, le=300, description="clock skew allowed for message signatures, 0 to 300 seconds"
    )
    approov_enforcement: Literal["enforce", "monitor"] = Field(
        "enforce",
        description="`enforce`, or `monitor`: the proxy answers all the same, and reports",
    )
    approov_status_missing: Annotated[int, AfterValidator(setting_types.refusal)] = Field(
        401, description="status for a request without a token: 400, 401 or 403"
    )
    approov_status_invalid: Annotated[int, AfterValidator(setting_types.refusal)] = Field(
        401, description="status for a request with a bad token: 400, 401 or 403"
    )

    attest_callers: Annotated[Networks, NoDecode, BeforeValidator(setting_types.networks)] = Field(
        (),
        description="addresses or networks of the gateways that ask at `/attest` and are believed "
        "which request they ask about",
    )
    attest_reason: Literal["off", "on"] = Field(
        "off", description="`on`: `/attest` tells them in `X-Attestation-Reason` why it refuses"
    )

    runtime_secrets: Annotated[dict[str, SecretStr], NoDecode] = Field({}, exclude=True)
    runtime_secrets_file: Path | None = Field(
        None, description="TOML file with runtime secrets: sources, versions and policies"
    )
    runtime_secrets_hold_seconds: int = Field(
        300, ge=0, le=86_400, description="seconds for which a secret's value is held in memory"
    )
    runtime_secrets_stale_seconds: int = Field(
        3600, ge=0, le=604_800, description="seconds for which it is held on if its source fails"
    )
    audit_hash_key: Annotated[SecretStr, AfterValidator(setting_types.long_text)] | None = Field(
        None,
        description="key of the hashes that stand for devices in the audit trail; if not set, one "
        "that follows from the first `APPROOV_BASE64_SECRET`",
    )

    metrics_token: Annotated[SecretStr, AfterValidator(setting_types.visible_ascii)] | None = Field(
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
        is_asked = "legacy" in info.data.get("apod_sources", ("legacy",))
        is_needed = info.data.get("services") != "secrets" and (
            is_asked or bool(info.data.get("nasa_passthrough"))
        )
        if key is None and cls.in_production and is_needed:
            raise ValueError("is missing")
        return key if key is None else setting_types.visible_ascii(key)

    @field_validator("image_proxy")
    @classmethod
    def _linkable(cls, mode: str, info: ValidationInfo) -> str:
        if mode == "on" and info.data.get("public_base_url", "") is None:
            raise ValueError("needs PUBLIC_BASE_URL, where the app gets the pictures")
        return mode

    @field_validator("approov_base64_secret")
    @classmethod
    def _some_key(
        cls, secrets: tuple[HmacKey, ...] | None, info: ValidationInfo
    ) -> tuple[HmacKey, ...] | None:
        if secrets is None and info.data.get("approov_keyset_file", True) is None:
            raise ValueError("is missing")
        cls._check_published(secrets or ())
        return secrets

    @field_validator("approov_keyset_file")
    @classmethod
    def _usable_keyset(cls, path: Path | None) -> Path | None:
        try:
            ring = KeyRing(keyset_file.read(path)) if path else None
        except InvalidKeyError as error:
            raise ValueError(str(error)) from None
        cls._check_published(ring.keys if ring else ())
        return path

    @field_validator("approov_account_signing_key")
    @classmethod
    def _usable_signing_key(cls, text: SecretStr | None) -> SecretStr | None:
        try:
            key = HmacKey(decode_secret(text.get_secret_value())) if text else None
        except InvalidKeyError as error:
            raise ValueError(str(error)) from None
        cls._check_published((key,) if key else ())
        return text

    @field_validator("approov_message_signing")
    @classmethod
    def _verifiable(cls, mode: Mode, info: ValidationInfo) -> Mode:
        if mode == "off" or not cls.in_production:
            return mode
        if info.data.get("public_base_url", "") is None:
            raise ValueError("needs PUBLIC_BASE_URL, since the address of a request is signed")
        if info.data.get("web_concurrency", 1) > 1 and info.data.get("redis_url") is None:
            raise ValueError(
                "needs REDIS_URL, or WEB_CONCURRENCY=1: by itself a process knows only the "
                "signatures that it has seen, so a request could be replayed at the others"
            )
        return mode

    @classmethod
    def _check_published(cls, keys: Sequence[Key]) -> None:
        if cls.in_production and keys and KeyRing(tuple(keys)).has_published:
            raise ValueError(
                "holds a secret that Approov publishes with its samples: everybody can sign with it"
            )

    def ring(self, keyset: Sequence[Key]) -> KeyRing:
        """Give every key in force: the secrets, then those of a key set.

        Raises:
            InvalidKeyError: a key set read anew holds a published secret.
        """
        ring = KeyRing((*self.secrets, *keyset))
        if self.in_production and ring.has_published:
            raise InvalidKeyError("holds a secret that Approov publishes with its samples")
        return ring

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

    public_base_url: Annotated[str, AfterValidator(setting_types.any_origin)] | None = None
    apod_warm_days: int = 0
    log_format: LogFormat = "console"


def variables() -> dict[str, str]:
    """Every variable's name, with the name of its field; not those of single secrets."""
    return {name.upper(): name for name in Settings.model_fields if name != "runtime_secrets"}
