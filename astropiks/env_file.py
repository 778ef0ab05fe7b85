"""Files of variables, as `.env`. The only module that imports `dotenv`."""

import os
from pathlib import Path

from dotenv import dotenv_values, load_dotenv

from edge.environment import ALIASES, OWN_PREFIXES, SECRET_VARIABLES
from edge.settings import variables


def add(path: Path) -> None:
    """Give the environment the variables of a file that it does not have. No file, no variable."""
    load_dotenv(path)


def take(path: Path) -> None:
    """Let the file at *path* say all that is said of this service: what the environment has, goes.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no text in UTF-8.
    """
    with path.open(encoding="utf-8") as stream:
        given = dotenv_values(stream=stream, interpolate=False)
    for name in own_variables():
        del os.environ[name]
    os.environ.update({name: value for name, value in given.items() if value is not None})


def own_variables() -> list[str]:
    """Give the names in the environment that are settings of ours, or look like one."""
    names = {*variables(), *ALIASES, *(f"{name}_FILE" for name in SECRET_VARIABLES)}
    return sorted(
        name for name in os.environ if name in names or name.upper().startswith(OWN_PREFIXES)
    )
