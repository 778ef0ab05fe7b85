"""The settings that a command works with, or its end."""
# ruff: noqa: PLC0415  (imported when a command runs, so that help and completion come at once)

from typing import TYPE_CHECKING

from astropiks.cli.exit import refuse_to_start

if TYPE_CHECKING:
    from edge.settings import DevelopmentSettings, Settings
    from secrets_service.catalog import Catalog


def production_settings() -> "Settings":
    """Read the environment, and nothing else."""
    from edge.environment import SettingsError, load
    from edge.settings import Settings

    try:
        return load(Settings)
    except SettingsError as error:
        refuse_to_start(error)


def development_settings() -> "DevelopmentSettings":
    """Read `.env` and the environment, with the secret that `astropiks dev` makes."""
    from astropiks import kept_keys
    from edge.environment import SettingsError, load
    from edge.settings import DevelopmentSettings

    kept_keys.prepare_environment()
    try:
        return load(DevelopmentSettings)
    except SettingsError as error:
        refuse_to_start(error)


def catalog(settings: "Settings") -> "Catalog":
    """Read the runtime secrets that *settings* describe."""
    import os

    from secrets_service.assembly import build_catalog
    from secrets_service.catalog_file import CatalogError

    try:
        return build_catalog(settings, os.environ)
    except CatalogError as error:
        refuse_to_start(error)
