"""`astropiks warm` and `astropiks serve`: what runs in production."""
# ruff: noqa: PLC0415  (imported when a command runs, so that help and completion come at once)

from typing import Annotated

import typer

from astropiks.cli.exit import BAD_CONFIGURATION, fail
from astropiks.cli.help import epilog
from astropiks.cli.settings import catalog, production_settings

commands = typer.Typer()


@commands.command(
    epilog=epilog(
        examples="REDIS_URL=redis://... astropiks warm --days 12000",
        status="0 if all has come and is kept, 1 if NASA or Redis failed, 2 if the environment is "
        "wrong, 130 after Ctrl-C, 143 after SIGTERM. What Redis holds is not fetched again by the "
        "next run.",
    ),
)
def warm(
    days: Annotated[int, typer.Option(min=1, max=12_000, help="Days up to today, in UTC.")] = 30,
) -> None:
    """Fetch the records of the last days, and say how many there are.

    It does what `serve` does at start, and shows how far it is.
    With REDIS_URL they are kept in Redis, for every process that serves; without, nowhere.
    """
    from astropiks import warm as warming
    from edge import logs

    settings = production_settings()
    if not settings.serves_proxy:
        fail(
            "There is nothing to fetch: SERVICES leaves the proxy out. Set it to all or proxy.",
            BAD_CONFIGURATION,
        )
    # A line for each call would hide how far it is.
    logs.configure(settings.log_format, "error" if settings.log_level == "error" else "warning")
    try:
        typer.echo(warming.run(settings, days))
    except warming.StoppedError as stop:
        fail(f"{stop}", stop.status)
    except warming.WarmingError as error:
        fail(f"{error}")


@commands.command(
    epilog=epilog(
        more="""\
Needs:
  NASA_API_KEY           key for api.nasa.gov, free there
  APPROOV_BASE64_SECRET  as `approov secret -get base64` prints it

README.md (Settings) and .env.example describe these and all others.
`astropiks doctor` checks them, and starts nothing.""",
        examples="PORT=8080 NASA_API_KEY=... APPROOV_BASE64_SECRET=... astropiks serve",
        status="0 after SIGTERM, 1 if it cannot listen, 2 if the environment is wrong, 3 for a "
        "defect at its start, which the log tells.",
    ),
)
def serve() -> None:
    """Serve in production, as the environment says.

    Of a bad environment it names all that is wrong, and refuses to start. It reads no
    file but those that variables name. It speaks plain HTTP: TLS is the platform's router's.
    SIGTERM ends it once what is in flight has been answered.
    """
    from astropiks import server
    from astropiks.server import ListenError
    from edge import exposition, logs

    settings = production_settings()
    if settings.serves_secrets:
        catalog(settings)
    logs.configure(settings.log_format, settings.log_level)
    factory, workers = "astropiks.apps:from_environment", settings.web_concurrency
    try:
        with exposition.counting(settings):
            server.serve(factory, host=settings.host, port=settings.port, workers=workers)
    except exposition.ExpositionError as error:
        fail(f"{error}")
    except ListenError as error:
        fail(f"{error} Set PORT and HOST to an address that is free.")
