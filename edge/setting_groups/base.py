"""What every group of settings has in common."""

from typing import ClassVar

from pydantic_settings import BaseSettings, SettingsConfigDict


class SettingGroup(BaseSettings):
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
