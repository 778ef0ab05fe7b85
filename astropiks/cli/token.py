"""`astropiks token`: make tokens as Approov would, and say what is wrong with one."""
# ruff: noqa: PLC0415  (imported when a command runs, so that help and completion come at once)

import os
import sys
import time
from typing import Annotated

import typer

from astropiks.cli.exit import FAILED
from astropiks.cli.help import epilog
from astropiks.cli.settings import development_settings
from astropiks.mint import Invalid, mint

MAX_EXPIRES_IN = 10 * 365 * 24 * 3600

commands = typer.Typer(
    help="Make attestation tokens, and say why one would be refused.",
    no_args_is_help=True,
)


def _ways(incomplete: str) -> list[str]:
    """Complete a way to be bad."""
    return [way for way in Invalid if way.startswith(incomplete)]


def _way(name: str | None) -> str | None:
    """Demand one of them."""
    if name is not None and name not in [*Invalid]:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(Invalid)}.")
    return name


@commands.command(
    "mint",
    epilog=epilog(
        examples="""\
astropiks token mint
astropiks token mint --expires-in 60 --bind 'Bearer the-users-token'
astropiks token mint --invalid expired | astropiks token explain -
astropiks token mint --sign http://127.0.0.1:8080/secrets |
  curl -H @- http://127.0.0.1:8080/secrets
""",
        status="0, or 2 if .env or the environment is wrong.",
    ),
)
def mint_token(
    expires_in: Annotated[
        float, typer.Option(min=0, max=MAX_EXPIRES_IN, help="Seconds until it expires.")
    ] = 3600,
    bind: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Text to bind the token to (claim pay): the joined values of "
            "APPROOV_BINDING_HEADERS.",
        ),
    ] = None,
    invalid: Annotated[
        str | None,
        typer.Option(
            metavar="WAY",
            autocompletion=_ways,
            callback=_way,
            help=f"Make it bad: {', '.join(Invalid)}.",
        ),
    ] = None,
    ipk: Annotated[  # noqa: FBT002  (typer makes an option of it)
        bool, typer.Option("--ipk", help="Give it the public key of a new install.")
    ] = False,
    sign: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Print the headers of a GET of this URL, signed by a new install, for `curl -H "
            "@-`.",
        ),
    ] = None,
) -> None:
    """Print one token that `astropiks dev` accepts, or a bad one.

    It is signed with APPROOV_BASE64_SECRET of the environment or .env, or the one in .astropiks/.
    """
    from astropiks import demands
    from astropiks.signer import InstallKey, sign_request

    settings = development_settings()
    install = InstallKey() if sign or ipk else None
    now = time.time()
    minted = mint(
        settings.secrets[0].secret,
        now=now,
        expires_in=demands.lifetime(settings, expires_in),
        bind=bind,
        more=demands.claims(settings),
        install_key=install.public if install else None,
        invalid=Invalid(invalid) if invalid else None,
    )
    if install is None or sign is None:
        typer.echo(minted)
        return
    headers = demands.header(settings, minted)
    for name, value in sign_request(install, "GET", sign, headers, now=now).items():
        typer.echo(f"{name}: {value}")


@commands.command(
    "explain",
    epilog=epilog(
        examples="""\
astropiks token explain "$TOKEN"
astropiks token mint --expires-in 0 | astropiks token explain -
""",
        status="0 if it would be accepted, 1 if not, 2 if .env or the environment is wrong.",
    ),
)
def explain_token(
    words: Annotated[
        list[str], typer.Argument(metavar="TOKEN", help="The token, or - to read it from stdin.")
    ],
    bind: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Text that it should be bound to.")
    ] = None,
) -> None:
    """Say whether a token would be accepted, and if not, why.

    It also says what to do. It checks as `astropiks dev` does, with the secret in the environment,
    in .env or in .astropiks/. The token itself is never printed.
    """
    from astropiks import kept_keys
    from astropiks.explain import explain

    text = " ".join(words)  # one word is right; of a second one `typer` would print all
    value = sys.stdin.buffer.read() if text == "-" else os.fsencode(text)
    settings = development_settings()
    accepted, said = explain(settings, value.strip(), bind=bind, now=time.time())
    keyset = " and the key set" if settings.approov_keyset_file else ""
    typer.echo(f"{said}\nChecked with the secret from {kept_keys.secret_origin()}{keyset}.")
    if not accepted:
        raise typer.Exit(FAILED)
