"""`astropiks secrets`: look at what there is, try whether it can be had, open what was sealed."""

import asyncio
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from astropiks import dev, recipient
from edge.environment import SettingsError, load
from edge.settings import DevelopmentSettings
from secrets_service.assembly import build_catalog
from secrets_service.catalog import Catalog, RuntimeSecret
from secrets_service.catalog_file import CatalogError
from secrets_service.errors import SourceError
from secrets_service.policy import SecretPolicy
from secrets_service.sealing import unseal

secrets = typer.Typer(help="Look at runtime secrets; no value is ever shown.", no_args_is_help=True)


@secrets.command("list")
def list_secrets() -> None:
    """Print names, versions, sources and policies."""
    now = time.time()
    for secret in _catalog().secrets.values():
        typer.echo("\n".join(_lines(secret, now)))


@secrets.command("check")
def check_secrets() -> None:
    """Read every source once, and say which of them fail."""
    problems = asyncio.run(_problems(_catalog()))
    if problems:
        _fail("\n".join(problems), 1)
    typer.echo("Every source of every version can be read.")


@secrets.command("recipient")
def show_recipient() -> None:
    """Print the value of Secret-Recipient for this checkout's key, which is made once."""
    path = dev.recipient_file()
    try:
        typer.echo(recipient.header(recipient.kept_key(path)))
    except ValueError as error:
        _fail(f"{path}: {error}. Delete it to have one made.", 1)


@secrets.command("open")
def open_secret(
    sealed: Annotated[
        str, typer.Argument(metavar="JWE", help="What came, or - to read it from stdin.")
    ] = "-",
    key: Annotated[
        Path | None, typer.Option(help="Private key in PEM; else the one of `recipient`.")
    ] = None,
) -> None:
    """Open a sealed secret and print its JSON. This is the one command that shows a value."""
    text = (sys.stdin.read() if sealed == "-" else sealed).strip()
    try:
        pem = key.read_bytes() if key else recipient.kept_key(dev.recipient_file())
        typer.echo(unseal(text, pem).decode().strip())
    except (OSError, ValueError) as error:
        said = str(error) if isinstance(error, ValueError) else type(error).__name__
        _fail(f"Not opened: {said}. What came begins with {text[:3]!r}; a JWE with 'eyJ'.", 1)


def _lines(secret: RuntimeSecret, now: float) -> list[str]:
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


def _policy(policy: SecretPolicy) -> str:
    flags = [name for name in ("binding", "signature", "sealed") if getattr(policy, name)]
    flags += [f"claim {name}" for name in policy.claims]
    flags += [f"token younger than {policy.max_token_age} s"] if policy.max_token_age else []
    flags += [policy.rate] if policy.rate else []
    return ", ".join(flags) or "every attested client"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


async def _problems(catalog: Catalog) -> list[str]:
    problems = []
    for secret in catalog.secrets.values():
        for version in filter(None, (secret.current, secret.next)):
            try:
                await version.source.read()
            except SourceError as error:
                problems.append(f"{secret.name} {version.name or ''} {version.origin}: {error}")
    return problems


def _catalog() -> Catalog:
    dev.prepare_environment()
    try:
        return build_catalog(load(DevelopmentSettings), os.environ)
    except (SettingsError, CatalogError) as error:
        problems = "\n".join(f"  {problem}" for problem in error.problems)
        _fail(f"The configuration cannot be used:\n{problems}", 2)


def _fail(message: str, status: int) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(status)
