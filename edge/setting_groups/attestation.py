"""What a request has to bring to be taken for an attested app's."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

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
from pydantic_settings import NoDecode

from attestation.keys import HmacKey, InvalidKeyError, Key, KeyRing, decode_secret
from attestation.signing import Mode
from edge import keyset_file, setting_types
from edge.setting_groups.base import SettingGroup
from edge.setting_types import Networks


class AttestationSettings(SettingGroup):
    """Keys, claims, binding, signatures, refusals. Read after `ServingSettings`."""

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

    def ring(self, keyset: Sequence[Key], secrets: Sequence[HmacKey] | None = None) -> KeyRing:
        """Give every key in force: the secrets, then those of a key set.

        Args:
            keyset: read anew.
            secrets: read anew, if they have changed since the start.

        Raises:
            InvalidKeyError: what was read anew holds a published secret.
        """
        ring = KeyRing((*(self.secrets if secrets is None else secrets), *keyset))
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
