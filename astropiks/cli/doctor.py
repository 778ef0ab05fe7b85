"""`astropiks doctor`: check a configuration without serving it."""
# ruff: noqa: PLC0415  (imported when a command runs, so that help and completion come at once)

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astropiks.cli.exit import BAD_CONFIGURATION, FAILED, fail
from astropiks.cli.help import epilog
from astropiks.doctor.finding import Level

if TYPE_CHECKING:
    from collections.abc import Callable

    from astropiks.doctor.configuration import Configuration
    from astropiks.doctor.finding import Section
    from astropiks.doctor.surroundings import Surroundings

commands = typer.Typer()


@commands.command(
    epilog=epilog(
        examples="""\
astropiks doctor --live
astropiks doctor --dev
heroku config --shell > production.env
astropiks doctor --env-file production.env --live
""",
        status="0 if it can be used, also with warnings; 1 if a check failed; 2 if `serve` would "
        "not start with it.",
    ),
)
def doctor(
    live: Annotated[  # noqa: FBT002  (typer makes an option of it)
        bool,
        typer.Option(
            "--live", help="Ask NASA, too: one call for each source, and one for a picture."
        ),
    ] = False,
    dev: Annotated[  # noqa: FBT002
        bool, typer.Option("--dev", help="Check what `astropiks dev` would use: .env, too.")
    ] = False,
    env_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Take our variables from this file, none from the environment."
        ),
    ] = None,
    json: Annotated[  # noqa: FBT002
        bool, typer.Option("--json", help="Print one JSON object, for machines.")
    ] = False,
) -> None:
    """Check a configuration: what it does, what is risky, what fails.

    Reads the environment as `serve` does, and starts nothing. It looks whether Redis and
    the sources of runtime secrets can be used. It names variables, and never prints a key,
    a secret, a token or an address that holds one.
    """
    from astropiks.doctor import report
    from astropiks.doctor.surroundings import Surroundings

    if dev and env_file:
        fail("--dev reads .env by itself: leave out --dev or --env-file.", BAD_CONFIGURATION)
    configuration = _configuration(env_file, is_development=dev)
    out = report.console()
    sections = _examined(
        configuration,
        Surroundings(env_file=env_file),
        is_live=live,
        show=lambda section: None if json else report.show(out, section),
    )
    is_usable, levels = configuration.is_usable, report.counts(sections)
    tell = report.as_json if json else report.summary
    typer.echo(tell(sections, is_usable=is_usable))
    if not is_usable:
        raise typer.Exit(BAD_CONFIGURATION)
    if levels[Level.FAILED]:
        raise typer.Exit(FAILED)


def _configuration(env_file: Path | None, *, is_development: bool) -> "Configuration":
    """Read what is to be checked."""
    from astropiks.doctor.configuration import configuration
    from astropiks.doctor.development import development_configuration
    from astropiks.env_file import take
    from edge.environment import load
    from edge.settings import Settings

    if is_development:
        return development_configuration()
    if env_file:
        try:
            take(env_file)
        except (OSError, ValueError) as error:
            cause = type(error).__name__
            fail(f"{env_file} cannot be read as a file of variables ({cause}).", BAD_CONFIGURATION)
    return configuration(lambda: load(Settings))


def _examined(
    configuration: "Configuration",
    here: "Surroundings",
    *,
    is_live: bool,
    show: "Callable[[Section], None]",
) -> "list[Section]":
    """Do all checks, and show what each finds as soon as it has."""
    import asyncio

    from astropiks.doctor.examination import examine
    from edge import logs

    async def examined() -> "list[Section]":
        sections = []
        async for section in examine(configuration, here, is_live=is_live):
            show(section)
            sections.append(section)
        return sections

    with contextlib.redirect_stdout(sys.stderr):  # stdout is for what is found
        logs.configure("console", "error")
        return asyncio.run(examined())
