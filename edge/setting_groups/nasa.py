"""What is asked of NASA, and how the answers are kept."""

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import NoDecode

from edge import setting_types
from edge.setting_groups.base import SettingGroup

SourceName = Literal["legacy", "science"]


class NasaSettings(SettingGroup):
    """The picture of the day, picture files, other APIs. Read after `ServingSettings`."""

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
