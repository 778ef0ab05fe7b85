"""Where and how the service listens, and what its processes share."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from edge import rates, setting_types
from edge.setting_groups.base import SettingGroup
from edge.setting_types import Forwarders


class ServingSettings(SettingGroup):
    """Addresses, processes, Redis, routers, limits."""

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

    @property
    def serves_proxy(self) -> bool:
        """Whether this process answers NASA's paths."""
        return self.services in {"all", "proxy"}

    @property
    def serves_secrets(self) -> bool:
        """Whether this process answers `/secrets`."""
        return self.services in {"all", "secrets"}
