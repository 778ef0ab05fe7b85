"""What the service tells of itself."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from edge import setting_types
from edge.logs import LogFormat, LogLevel
from edge.setting_groups.base import SettingGroup


class ObservationSettings(SettingGroup):
    """Metrics and logs."""

    metrics_token: Annotated[SecretStr, AfterValidator(setting_types.visible_ascii)] | None = Field(
        None, description="bearer token for `/metrics`, which is not served without one"
    )
    log_format: LogFormat = Field("json", description="form of log lines: `json` or `console`")
    log_level: LogLevel = Field(
        "info", description="least level that is logged: `debug`, `info`, `warning` or `error`"
    )
