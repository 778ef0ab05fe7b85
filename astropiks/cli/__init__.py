"""The `astropiks` command: its parts, in the order in which a person meets them.

What a command needs is imported when it runs, so that help and completion come at once.
"""

from typing import Annotated

import typer

from astropiks.cli import develop, doctor, requests, secrets, serve, token
from astropiks.cli.help import epilog

FIRST_STEPS = """\
First steps:
  astropiks dev          serves on this machine, and prints lines to paste
  astropiks token mint   makes the token for a request of your own

Before you deploy:
  astropiks doctor --live

`astropiks COMMAND --help` has examples and exit statuses.

In a checkout the program is .venv/bin/astropiks."""

main = typer.Typer(
    name="astropiks",
    help="NASA's API for attested Android apps, without an API key in the app.",
    epilog=epilog(
        more=FIRST_STEPS,
        status="0 if all is well, 1 if something failed, 2 if the command line or the "
        "configuration is wrong.",
    ),
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _tell_version(is_asked: bool) -> None:  # noqa: FBT001  (typer calls it)
    if is_asked:
        from astropiks.version import version  # noqa: PLC0415

        typer.echo(f"astropiks {version()}")
        raise typer.Exit


@main.callback()
def options(
    version: Annotated[  # noqa: ARG001, FBT002  (typer makes an option of it)
        bool,
        typer.Option(
            "--version", callback=_tell_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Take the options that stand before a command."""
    from edge import defects  # noqa: PLC0415

    defects.take_over()


main.add_typer(develop.commands)
main.add_typer(token.commands, name="token")
main.add_typer(secrets.commands, name="secrets")
main.add_typer(requests.commands, name="requests")
main.add_typer(doctor.commands)
main.add_typer(serve.commands)
