"""The settings that a command works with, or its end."""
# ruff: noqa: PLC0415  (imported when a command runs, so that help and completion come at once)

from typing import TYPE_CHECKING

from astropiks.cli.exit import BAD_CONFIGURATION, fail, refuse_to_start

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
    """Read what `astropiks dev` serves with here, for a command that is used beside it."""
    from astropiks import development, kept_keys
    from edge.environment import SettingsError

    try:
        kept_keys.prepare_environment(is_beside_service=True)
        return development.settings()
    except kept_keys.NoServiceError as error:
        fail(f"{error}", BAD_CONFIGURATION)
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
