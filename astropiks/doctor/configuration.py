"""The configuration itself: what is set, and whether it can be used at all."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace

from astropiks.doctor.finding import Finding, failed, ok
from astropiks.env_file import own_variables
from edge.environment import SettingsError
from edge.settings import Settings
from secrets_service.assembly import build_catalog
from secrets_service.catalog import Catalog
from secrets_service.catalog_file import CatalogError


@dataclass(frozen=True, slots=True)
class Configuration:
    """What could be made of the environment.

    Attributes:
        findings: what is set, or all that is wrong with it.
        settings: None, if it is no configuration.
        catalog: None, if its runtime secrets are none.
    """

    findings: tuple[Finding, ...]
    settings: Settings | None = None
    catalog: Catalog | None = None

    @property
    def is_usable(self) -> bool:
        """Whether a service would start with it."""
        return self.settings is not None and self.catalog is not None


def configuration(read: Callable[[], Settings]) -> Configuration:
    """*Read* settings from the environment, as what serves would."""
    try:
        settings = read()
    except SettingsError as error:
        return Configuration(tuple(_problem(problem) for problem in error.problems))
    told = Configuration((_set(),), settings)
    if not settings.serves_secrets:
        return replace(told, catalog=Catalog())
    try:
        return replace(told, catalog=build_catalog(settings, os.environ))
    except CatalogError as error:
        problems = tuple(failed("runtime secrets", f"{problem}.") for problem in error.problems)
        return replace(told, findings=(*told.findings, *problems))


def _set() -> Finding:
    names = ", ".join(name for name in own_variables() if os.environ[name])
    return ok("environment", f"Set: {names}." if names else "Nothing is set: all are defaults.")


def _problem(sentence: str) -> Finding:
    """Make a finding of what `load` says, which begins with the variable's name."""
    name, _, rest = sentence.partition(" ")
    return failed(name, f"{rest[0].upper()}{rest[1:]}")
