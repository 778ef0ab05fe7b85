"""How a command ends when it does not end well: what is wrong on stderr, and a status."""

from typing import NoReturn, Protocol

import typer

FAILED = 1
BAD_CONFIGURATION = 2
"""Also what `typer` exits with after a slip in the command line."""


class Problems(Protocol):
    """An error that tells all that is wrong at once; see `edge.environment.SettingsError`."""

    @property
    def problems(self) -> list[str]:
        """A sentence for each thing that is wrong."""


def refuse_to_start(error: Problems) -> NoReturn:
    """Say everything that is wrong with the configuration."""
    problems = "\n".join(f"  {problem}" for problem in error.problems)
    where = ".env.example explains each variable"
    fail(f"The configuration cannot be used ({where}):\n{problems}", BAD_CONFIGURATION)


def fail(message: str, status: int = FAILED) -> NoReturn:
    """Say *message*, and end with *status*."""
    typer.echo(message, err=True)
    raise typer.Exit(status)
