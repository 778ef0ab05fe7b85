"""The configuration of a laptop: `.env` and the environment, and what they leave open filled in."""

from pydantic import SecretStr

from edge.environment import load
from edge.settings import DevelopmentSettings

EXAMPLE_SECRET = {"example": SecretStr("a value that make run has made up")}
"""What is delivered where no secret has been configured."""


def settings() -> DevelopmentSettings:
    """Read what `astropiks dev` serves with, but for what it says of NASA.

    Call `kept_keys.prepare_environment` before it.

    Raises:
        SettingsError: `.env` or the environment is not a configuration.
    """
    given = load(DevelopmentSettings)
    if given.runtime_secrets or given.runtime_secrets_file is not None:
        return given
    return given.model_copy(update={"runtime_secrets": EXAMPLE_SECRET})
