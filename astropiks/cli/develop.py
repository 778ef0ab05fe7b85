"""`astropiks dev` and `astropiks standin`: what serves on a laptop."""
# ruff: noqa: PLC0415  (imported when a command runs, so that help and completion come at once)

import contextlib
from typing import Annotated

import typer

from astropiks.cli.exit import BAD_CONFIGURATION, fail, refuse_to_start
from astropiks.cli.help import epilog

commands = typer.Typer()

FAULTS = (
    "placeholder, 500, 502, 503, 504, 429, 410, 301, html, empty, truncated, drop, flood, drip, "
    "hang"
)


@commands.command(
    "dev",
    epilog=epilog(
        examples="""\
astropiks dev
PORT=8081 astropiks dev
""",
        status="0 after Ctrl-C, 1 if it cannot listen, 2 if .env or the environment is wrong.",
    ),
)
def develop() -> None:
    """Serve on a laptop: no network, account or key needed.

    It prints base URLs for the app and lines to paste. NASA is a stand-in, unless
    NASA_API_KEY is set. Tokens are verified with APPROOV_BASE64_SECRET, or with a secret
    that is made once and kept in .astropiks/. Reads .env and the environment.
    """
    from astropiks import dev
    from astropiks.server import ListenError
    from edge.environment import SettingsError
    from secrets_service.catalog_file import CatalogError

    with contextlib.suppress(KeyboardInterrupt):
        try:
            dev.run()
        except (SettingsError, CatalogError) as error:
            refuse_to_start(error)
        except ListenError as error:
            fail(f"{error} Choose another port: PORT=8081 make run")


def _faults(incomplete: str) -> list[str]:
    """Complete the name of a fault."""
    return [name for name in FAULTS.split(", ") if name.startswith(incomplete)]


def _fault(name: str | None) -> str | None:
    """Demand the name of a fault."""
    if name is not None and name not in FAULTS.split(", "):
        raise typer.BadParameter(f"{name!r} is not one of {FAULTS}.")
    return name


def _conditions(incomplete: str) -> list[str]:
    """Complete the name of a condition."""
    from standin.conditions import Conditions

    return [f"{name}=" for name in Conditions.model_fields if name.startswith(incomplete)]


Fault = Annotated[
    str | None,
    typer.Option(
        metavar="FAULT",
        autocompletion=_faults,
        callback=_fault,
        help="What fails in the old API, at every request: " + FAULTS + ".",
    ),
]
"""Not the enumeration of `standin.faults`, which would take its time to import."""

ScienceFault = Annotated[
    str | None,
    typer.Option(
        metavar="FAULT",
        autocompletion=_faults,
        callback=_fault,
        help="What fails in the new API: one of the same.",
    ),
]


@commands.command(
    "standin",
    epilog=epilog(
        examples="""\
astropiks standin --port 8090 --legacy-fault placeholder
astropiks standin --condition latency_seconds=2 --science-fault 503
curl -X PATCH -d '{"ahead_seconds":86400}' localhost:8090/standin/conditions
""",
        status="0 after Ctrl-C, 1 if it cannot listen, 2 for a fault or a condition that "
        "there is not.",
    ),
)
def stand_in(
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port on loopback.")] = 8090,
    key: Annotated[str, typer.Option(help="API key that it accepts.")] = "DEMO_KEY",
    legacy_fault: Fault = None,
    science_fault: ScienceFault = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=JSON",
            autocompletion=_conditions,
            help='Any other condition, such as latency_seconds=2, missing_days=["2026-11-23"] or '
            'faults={"pictures":"html"}. May be repeated.',
        ),
    ] = None,
) -> None:
    """Serve only the stand-in for NASA, with a fault if you like.

    It answers both of NASA's APIs and its pictures, on loopback, with texts of its own. While
    it runs, /standin/conditions changes it and /standin/requests tells what it was asked.
    """
    from astropiks import server
    from astropiks.server import ListenError
    from edge import logs
    from standin import control, faults
    from standin.app import StandIn

    logs.configure("console", "info")
    app = StandIn(keys={key})
    try:
        control.change(app.conditions, control.parse(condition or []))
    except control.ConditionError as error:
        names = ", ".join(name.rstrip("=") for name in _conditions(""))
        fail(f"{error}\nThe conditions are {names}.", BAD_CONFIGURATION)
    given = {"legacy": legacy_fault, "science": science_fault}
    app.faults.update({name: faults.Fault(fault) for name, fault in given.items() if fault})
    with contextlib.suppress(KeyboardInterrupt):
        try:
            listener = server.listen("127.0.0.1", port)
        except ListenError as error:
            fail(f"{error} Choose another with --port.")
        typer.echo(f"curl 'http://127.0.0.1:{port}/planetary/apod?api_key={key}'")
        typer.echo(f"curl 'http://127.0.0.1:{port}{control.CONDITIONS}'")
        server.serve_here(app, listener)
