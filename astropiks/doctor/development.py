"""What `astropiks dev` would serve with, found out without making anything."""

import os
from dataclasses import replace

from astropiks import development, kept_keys
from astropiks.doctor.configuration import Configuration, configuration
from astropiks.doctor.finding import ok
from edge.settings import Settings

SECRET = "APPROOV_BASE64_SECRET"


def development_configuration() -> Configuration:
    """Read `.env` and the environment; a secret that `astropiks dev` would make, is not made."""
    if kept_keys.find_secret():
        return configuration(development.settings)
    place = kept_keys.secret_file()
    would_be = ok(SECRET, f"Not set: one would be made, and kept in {place}.")
    found = configuration(_with_passing_secret)
    return replace(found, findings=(*found.findings, would_be))


def _with_passing_secret() -> Settings:
    """Read them with a secret that nobody will have had."""
    os.environ[SECRET] = kept_keys.fresh_secret()
    try:
        return development.settings()
    finally:
        os.environ[SECRET] = ""  # which is as good as not set
