"""The configuration of a laptop: `.env` and the environment, and what they leave open filled in."""

from pydantic import SecretStr

from edge.environment import load
from edge.settings import DevelopmentSettings

EXAMPLE_SECRET = {"example": SecretStr("a value that make run has made up")}
"""What is delivered where no secret has been configured."""


def settings() -> DevelopmentSettings:
    """Read what `astropiks dev` serves with, but for the addresses of its stand-in for NASA.

    Call `kept_keys.prepare_environment` before it.

    Raises:
        SettingsError: `.env` or the environment is not a configuration.
    """
    given = load(DevelopmentSettings)
    filled: dict[str, object] = {}
    if not given.runtime_secrets and given.runtime_secrets_file is None:
        filled["runtime_secrets"] = EXAMPLE_SECRET
    if not given.nasa_api_key and "image_proxy" not in given.model_fields_set:
        filled["image_proxy"] = "on"  # the stand-in's pictures are nowhere but here
    return given.model_copy(update=filled)
