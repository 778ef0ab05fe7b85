"""Where runtime secrets are, and how their deliveries are put on record."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import NoDecode

from edge import setting_types
from edge.setting_groups.base import SettingGroup


class RuntimeSecretSettings(SettingGroup):
    """The catalog and the audit trail."""

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
