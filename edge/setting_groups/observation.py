"""What the service tells of itself."""

import logging
import os
from importlib.util import find_spec
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo, field_validator

from edge import setting_types
from edge.logs import LogFormat, LogLevel
from edge.setting_groups.base import SettingGroup


def _traceable(url: str) -> str:
    """Demand the packages that send traces, and variables of theirs that they can use."""
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        raise ValueError("needs the packages of requirements-otel.txt, which are not installed")
    # It warns of headers that it cannot read, and quotes them: no log has been configured yet.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    from edge.trace_export import prepared  # noqa: PLC0415  (only there if they are)

    try:
        prepared(url, "")
    except Exception as error:  # noqa: BLE001  (its text might quote the value)
        raise ValueError(f"cannot be used: OpenTelemetry refuses {_refused(error)}") from None
    return url


def _refused(error: Exception) -> str:
    """Name the variable that *error* is about, or all that it may be about."""
    given = [name for name in sorted(os.environ) if name.startswith("OTEL_")]
    named = [name for name in given if name in str(error)]
    return f"{named[0]}. Mend or remove that one" if named else f"one of {', '.join(given)}"


class ObservationSettings(SettingGroup):
    """Metrics and logs. Read after `ServingSettings`."""

    metrics_token: Annotated[SecretStr, AfterValidator(setting_types.visible_ascii)] | None = Field(
        None, description="bearer token for `/metrics`, which is not served without one"
    )
    metrics_port: int | None = Field(
        None,
        ge=1,
        le=65535,
        description="TCP port where `/metrics` wants no token, for a private network",
    )
    metrics_host: str | None = Field(
        None,
        max_length=253,
        description="address where METRICS_PORT listens, if it is another than HOST: `127.0.0.1` "
        "for a scraper on this machine",
    )
    otel_exporter_otlp_endpoint: (
        Annotated[str, AfterValidator(setting_types.any_url), AfterValidator(_traceable)] | None
    ) = Field(
        None,
        description="base URL of an OpenTelemetry collector that traces are sent to; wants "
        "`requirements-otel.txt` installed",
    )
    log_format: LogFormat = Field("json", description="form of log lines: `json` or `console`")
    log_level: LogLevel = Field(
        "info", description="least level that is logged: `debug`, `info`, `warning` or `error`"
    )

    @field_validator("metrics_port")
    @classmethod
    def _port_of_its_own(cls, port: int | None, info: ValidationInfo) -> int | None:
        if port is not None and port == info.data.get("port"):
            raise ValueError("is the same as PORT")
        return port
