"""The `astropiks` command."""

import contextlib
import os
import sys
import time
from typing import Annotated, NoReturn

import typer

from astropiks import dev, server
from astropiks import warm as warming
from astropiks.cli_secrets import secrets
from astropiks.explain import explain
from astropiks.mint import Invalid, mint
from astropiks.server import ListenError
from astropiks.signer import InstallKey, sign_request
from edge import logs
from edge.environment import SettingsError, load
from edge.settings import DevelopmentSettings, Settings
from secrets_service.assembly import build_catalog
from secrets_service.catalog import Catalog
from secrets_service.catalog_file import CatalogError
from standin import control
from standin.app import StandIn
from standin.faults import Fault

BAD_CONFIGURATION = 2
MAX_EXPIRES_IN = 10 * 365 * 24 * 3600

main = typer.Typer(
    name="astropiks",
    help="NASA's API for attested Android apps, without an API key in the app.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
token = typer.Typer(help="Make and explain attestation tokens.", no_args_is_help=True)
main.add_typer(token, name="token")
main.add_typer(secrets, name="secrets")


@main.command()
def serve() -> None:
    """Serve in production. Reads the environment alone; refuses to start on a bad one."""
    settings = _production_settings()
    if settings.serves_secrets:
        _catalog(settings)
    logs.configure(settings.log_format, settings.log_level)
    factory, workers = "astropiks.apps:from_environment", settings.web_concurrency
    try:
        server.serve(factory, host=settings.host, port=settings.port, workers=workers)
    except ListenError as error:
        _fail(f"{error} Set PORT and HOST to an address that is free.", 1)


@main.command()
def warm(
    days: Annotated[int, typer.Option(min=1, max=12_000, help="Days up to today, in UTC.")] = 30,
) -> None:
    """Fetch the last days' records as `serve` does at start, and say how many there are.

    With REDIS_URL they are kept in Redis, for every process that serves; without, nowhere.
    """
    settings = _production_settings()
    if not settings.serves_proxy:
        _fail("There is nothing to fetch: SERVICES leaves the proxy out.", BAD_CONFIGURATION)
    logs.configure(settings.log_format, settings.log_level)
    try:
        typer.echo(warming.run(settings, days))
    except warming.WarmingError as error:
        _fail(f"{error}", 1)


@main.command("dev")
def develop() -> None:
    """Serve on a laptop: no network, account or key needed."""
    with contextlib.suppress(KeyboardInterrupt):
        try:
            dev.run()
        except (SettingsError, CatalogError) as error:
            _refuse_to_start(error)
        except ListenError as error:
            _fail(f"{error} Choose another port: PORT=8081 make run", 1)


@main.command("standin")
def stand_in(
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port on loopback.")] = 8090,
    key: Annotated[str, typer.Option(help="API key that it accepts.")] = "DEMO_KEY",
    legacy_fault: Annotated[Fault | None, typer.Option(help="What fails in the old API.")] = None,
    science_fault: Annotated[Fault | None, typer.Option(help="What fails in the new API.")] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=JSON",
            help='Any other condition, such as latency_seconds=2, missing_days=["2026-11-23"] or '
            'faults={"pictures":"html"}. May be repeated.',
        ),
    ] = None,
) -> None:
    """Serve only the stand-in for NASA, on loopback. /standin/conditions changes it as it runs."""
    logs.configure("console", "info")
    app = StandIn(keys={key})
    try:
        control.change(app.conditions, control.parse(condition or []))
    except control.ConditionError as error:
        _fail(f"{error}", BAD_CONFIGURATION)
    given = {"legacy": legacy_fault, "science": science_fault}
    app.faults.update({name: fault for name, fault in given.items() if fault})
    with contextlib.suppress(KeyboardInterrupt):
        try:
            listener = server.listen("127.0.0.1", port)
        except ListenError as error:
            _fail(f"{error} Choose another with --port.", 1)
        typer.echo(f"curl 'http://127.0.0.1:{port}/planetary/apod?api_key={key}'")
        typer.echo(f"curl 'http://127.0.0.1:{port}{control.CONDITIONS}'")
        server.serve_here(app, listener)


@token.command("mint")
def mint_token(
    expires_in: Annotated[
        float, typer.Option(min=0, max=MAX_EXPIRES_IN, help="Seconds until it expires.")
    ] = 3600,
    bind: Annotated[str | None, typer.Option(help="Text to bind the token to (pay).")] = None,
    invalid: Annotated[Invalid | None, typer.Option(help="Make it bad in this way.")] = None,
    ipk: Annotated[  # noqa: FBT002  (typer makes an option of it)
        bool, typer.Option("--ipk", help="Give it the public key of a new install.")
    ] = False,
    sign: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Print the headers of a GET of this URL, signed by a new install."
        ),
    ] = None,
) -> None:
    """Print one token, signed with the secret that `astropiks dev` uses."""
    settings = _development_settings()
    install = InstallKey() if sign or ipk else None
    now = time.time()
    minted = mint(
        settings.secrets[0].secret,
        now=now,
        expires_in=dev.token_lifetime(settings, expires_in),
        bind=bind,
        more=dev.demanded_claims(settings),
        install_key=install.public if install else None,
        invalid=invalid,
    )
    if install is None or sign is None:
        typer.echo(minted)
        return
    headers = dev.token_header(settings, minted)
    for name, value in sign_request(install, "GET", sign, headers, now=now).items():
        typer.echo(f"{name}: {value}")


@token.command("explain")
def explain_token(
    text: Annotated[
        str, typer.Argument(metavar="TOKEN", help="The token, or - to read it from stdin.")
    ],
    bind: Annotated[str | None, typer.Option(help="Text that it should be bound to.")] = None,
) -> None:
    """Say whether a token would be accepted, and if not, why and what to do. Exit 1 if not."""
    value = sys.stdin.buffer.read() if text == "-" else os.fsencode(text)
    settings = _development_settings()
    accepted, said = explain(settings, value.strip(), bind=bind, now=time.time())
    keyset = " and the key set" if settings.approov_keyset_file else ""
    typer.echo(f"{said}\nChecked with the secret from {dev.secret_origin()}{keyset}.")
    if not accepted:
        raise typer.Exit(1)


def _catalog(settings: Settings) -> Catalog:
    try:
        return build_catalog(settings, os.environ)
    except CatalogError as error:
        _refuse_to_start(error)


def _production_settings() -> Settings:
    try:
        return load(Settings)
    except SettingsError as error:
        _refuse_to_start(error)


def _development_settings() -> DevelopmentSettings:
    dev.prepare_environment()
    try:
        return load(DevelopmentSettings)
    except SettingsError as error:
        _refuse_to_start(error)


def _refuse_to_start(error: SettingsError | CatalogError) -> NoReturn:
    problems = "\n".join(f"  {problem}" for problem in error.problems)
    _fail(f"The configuration cannot be used:\n{problems}", BAD_CONFIGURATION)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(status)
