"""`astropiks requests`: what the description shows, as files for tools that send requests."""
# ruff: noqa: PLC0415  (imported when a command runs, so that help and completion come at once)

import time
from typing import TYPE_CHECKING, Annotated

import typer

from astropiks.cli.exit import fail
from astropiks.cli.help import epilog
from astropiks.cli.settings import catalog, development_settings

if TYPE_CHECKING:
    from astropiks.openapi.credentials import Credentials
    from astropiks.openapi.samples import Sample
    from edge.settings import DevelopmentSettings

TOKEN_SECONDS = 7 * 24 * 3600

ONCE = (
    "Message signatures are required: each of these requests passes once, within "
    "{seconds} seconds. Make them anew before you send them."
)

commands = typer.Typer(
    help="Write requests with tokens in them, for Postman and editors.", no_args_is_help=True
)

BaseUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where the service is; else this machine, at HOST and PORT."),
]

STATUS = "0, or 2 if .env or the environment is wrong."


@commands.command(
    "postman",
    epilog=epilog(examples="astropiks requests postman > postman.json", status=STATUS),
)
def write_postman(base_url: BaseUrl = None) -> None:
    """Print a collection for Postman (v2.1).

    Its tokens are good for a week.
    """
    from astropiks.openapi.postman import collection

    samples, credentials = _prepared(base_url)
    typer.echo(collection(credentials.document, samples, credentials))


@commands.command(
    "http",
    epilog=epilog(
        examples="astropiks requests http --base-url http://10.0.2.2:8080 > try.http",
        status=STATUS,
    ),
)
def write_http(base_url: BaseUrl = None) -> None:
    """Print an .http file for editors.

    Its tokens are good for a week.
    """
    from astropiks.openapi.http_file import http_file

    samples, credentials = _prepared(base_url)
    typer.echo(http_file(credentials.document, samples, credentials))


def _prepared(base_url: str | None) -> "tuple[list[Sample], Credentials]":
    """Give all requests, and what they need to pass."""
    import json

    from astropiks import demands, kept_keys, recipient
    from astropiks.base_urls import base_urls
    from astropiks.openapi.credentials import Credentials
    from astropiks.openapi.document import build
    from astropiks.openapi.samples import samples
    from astropiks.signer import VALIDITY_SECONDS, InstallKey
    from edge.setting_types import any_origin

    settings = development_settings()
    try:
        base = any_origin(base_url or next(iter(base_urls(settings).values())))
    except ValueError as error:
        fail(f"--base-url {error}. It wants one such as http://127.0.0.1:8080.", 2)
    signs = settings.approov_message_signing == "required"
    if signs:
        typer.echo(ONCE.format(seconds=VALIDITY_SECONDS), err=True)
    document = json.loads(json.dumps(build(settings)))
    credentials = Credentials(
        document=document,
        base_url=base,
        origin=settings.public_base_url or base,
        secret=settings.secrets[0].secret,
        now=time.time(),
        expires_in=demands.lifetime(settings, TOKEN_SECONDS),
        claims=demands.claims(settings),
        recipient=recipient.header(recipient.kept_key(kept_keys.recipient_file())),
        install=InstallKey(),
        signs=signs,
    )
    return samples(document, {"name": _secret(settings)}), credentials


def _secret(settings: "DevelopmentSettings") -> str:
    """Name a runtime secret, one that is given out plain if there is any."""
    if not settings.serves_secrets:
        return ""
    found = catalog(settings).secrets.values()
    plain = (one.name for one in found if not one.policy.sealed)
    return next(plain, next((one.name for one in found), "example"))
