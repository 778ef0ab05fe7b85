"""`astropiks secrets`: look at what there is, try whether it can be had, open what was sealed."""
# ruff: noqa: PLC0415  (imported when a command runs, so that help and completion come at once)

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from astropiks.cli.exit import fail
from astropiks.cli.help import epilog
from astropiks.cli.settings import catalog, development_settings

if TYPE_CHECKING:
    from secrets_service.catalog import Catalog, RuntimeSecret
    from secrets_service.policy import SecretPolicy

NONE = (
    "There is no runtime secret. Describe one in the file that RUNTIME_SECRETS_FILE names, or set "
    "RUNTIME_SECRET_ with its name behind: RUNTIME_SECRET_MAPS_KEY is maps-key. "
    "secrets_service/README.md shows both."
)

commands = typer.Typer(
    help="Look at runtime secrets. Only `open` shows a value.", no_args_is_help=True
)


@commands.command(
    "list", epilog=epilog(status="0, or 2 if .env, the environment or the file is wrong.")
)
def list_secrets() -> None:
    """Print names, versions, sources and policies."""
    now, secrets = time.time(), _catalog().secrets
    for secret in secrets.values():
        typer.echo("\n".join(_lines(secret, now)))
    if not secrets:
        typer.echo(NONE, err=True)


@commands.command(
    "check",
    epilog=epilog(
        status="0 if all can be read, 1 if one cannot, 2 if .env, the environment or the file "
        "is wrong.",
    ),
)
def check_secrets() -> None:
    """Read every source once, and say which of them fail."""
    import asyncio

    found = _catalog()
    problems = asyncio.run(_problems(found))
    if problems:
        fail("\n".join(problems))
    typer.echo("Every source of every version can be read." if found.secrets else NONE)


@commands.command("recipient", epilog=epilog(status="0, or 1 if the key that is there is none."))
def show_recipient() -> None:
    """Print a value for Secret-Recipient.

    It stands for the key of this checkout, which is made once and kept in .astropiks/.
    """
    from astropiks import kept_keys, recipient

    path = kept_keys.recipient_file()
    try:
        typer.echo(recipient.header(recipient.kept_key(path)))
    except ValueError as error:
        fail(f"{path}: {error}. Delete it to have one made.")


@commands.command(
    "open",
    epilog=epilog(
        examples="""\
recipient="$(astropiks secrets recipient)"
curl -s -H "Approov-Token: $(astropiks token mint --bind "$recipient")" \\
  -H "Secret-Recipient: $recipient" http://127.0.0.1:8080/secrets/example |
  astropiks secrets open
""",
        status="0, or 1 if it cannot be opened with that key.",
    ),
)
def open_secret(
    sealed: Annotated[
        str, typer.Argument(metavar="JWE", help="What came, or - to read it from stdin.")
    ] = "-",
    key: Annotated[
        Path | None, typer.Option(help="Private key in PEM; else the one of `recipient`.")
    ] = None,
) -> None:
    """Open a sealed secret and print its JSON. This is the one command that shows a value."""
    from astropiks import kept_keys, recipient
    from secrets_service.sealing import unseal

    text = (sys.stdin.read() if sealed == "-" else sealed).strip()
    try:
        pem = key.read_bytes() if key else recipient.kept_key(kept_keys.recipient_file())
        typer.echo(unseal(text, pem).decode().strip())
    except (OSError, ValueError) as error:
        said = str(error) if isinstance(error, ValueError) else type(error).__name__
        fail(f"Not opened: {said}. What came begins with {text[:3]!r}; a JWE with 'eyJ'.")


def _lines(secret: "RuntimeSecret", now: float) -> list[str]:
    """Describe one secret."""
    delivered = secret.version_at(now)
    lines = [secret.name, f"  policy   {_policy(secret.policy)}"]
    for version in filter(None, (secret.current, secret.next)):
        name = version.name or "(known by its value)"
        from_then = f", from {_moment(secret.next_at)}" if version is secret.next else ""
        mark = "*" if version is delivered else " "
        lines.append(f"  {mark} {name}  {version.origin}{from_then}")
    lines += [
        f"    {name}  retired, good until {_moment(end)}" for name, end in secret.retired.items()
    ]
    return lines


def _policy(policy: "SecretPolicy") -> str:
    flags = [name for name in ("binding", "signature", "sealed") if getattr(policy, name)]
    flags += [f"claim {name}" for name in policy.claims]
    flags += [f"token younger than {policy.max_token_age} s"] if policy.max_token_age else []
    flags += [policy.rate] if policy.rate else []
    return ", ".join(flags) or "every attested client"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


async def _problems(catalog: "Catalog") -> list[str]:
    from secrets_service.errors import SourceError

    problems = []
    for secret in catalog.secrets.values():
        for version in filter(None, (secret.current, secret.next)):
            try:
                await version.source.read()
            except SourceError as error:
                problems.append(f"{secret.name} {version.name or ''} {version.origin}: {error}")
    return problems


def _catalog() -> "Catalog":
    return catalog(development_settings())
