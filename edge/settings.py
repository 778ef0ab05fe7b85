"""Every setting of the service: its variable, type, default and meaning.

`environment.load` fills them in. The README's table and `.env.example` say the same; a test holds
the three together.
"""

from typing import Annotated, ClassVar

from pydantic import AfterValidator

from edge import setting_types
from edge.logs import LogFormat
from edge.setting_groups.attestation import AttestationSettings
from edge.setting_groups.nasa import NasaSettings
from edge.setting_groups.observation import ObservationSettings
from edge.setting_groups.runtime_secrets import RuntimeSecretSettings
from edge.setting_groups.serving import ServingSettings


class Settings(
    ObservationSettings,
    RuntimeSecretSettings,
    AttestationSettings,
    NasaSettings,
    ServingSettings,
):
    """All of them. What is named last is read first, and what comes after may look at it."""


class DevelopmentSettings(Settings):
    """The same for a laptop: Approov's published examples work, and NASA needs no key.

    Unknown variables are let be, since Approov's command line keeps some in a developer's shell.
    """

    in_production: ClassVar[bool] = False

    public_base_url: Annotated[str, AfterValidator(setting_types.any_origin)] | None = None
    apod_warm_days: int = 0
    log_format: LogFormat = "console"


def variables() -> dict[str, str]:
    """Every variable's name, with the name of its field; not those of single secrets."""
    return {name.upper(): name for name in Settings.model_fields if name != "runtime_secrets"}
