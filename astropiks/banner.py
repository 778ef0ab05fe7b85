"""What `astropiks dev` says when it starts: where everything is, and lines to paste."""

import os
import sys
import time
from collections.abc import Iterator

from astropiks import demands, kept_keys, recipient
from astropiks.base_urls import base_urls, is_near
from astropiks.console.key import ConsoleKey
from astropiks.mint import mint
from edge.settings import DevelopmentSettings
from secrets_service.assembly import build_catalog

CURL_TOKEN_SECONDS = 24 * 3600
EXAMPLE_DATE = "2021-10-12"


def banner(settings: DevelopmentSettings, nasa: str, key: ConsoleKey) -> str:
    """Say where everything is, and give lines to paste. It is the one place that tells *key*."""
    urls = base_urls(settings)
    base = next(iter(urls.values()))
    console = f"Open {key.address(base)} in a browser: there you can try everything."
    lines = [
        "",
        *([console, ""] if is_near(settings) else []),
        f"NASA is {nasa}",
        "",
        "Base URLs for the app:",
        *(f"  {where:<21} {url}" for where, url in urls.items()),
        "",
        f"What it answers is described at {base}/docs",
        "",
        "Paste one of these (`.venv/bin/astropiks token mint` makes other tokens):",
        "",
        *examples(settings, base),
    ]
    return "\n".join(lines)


def examples(settings: DevelopmentSettings, base: str) -> Iterator[str]:
    """Give a line for a picture, one for a secret, and one for a sealed secret."""
    if settings.serves_proxy:
        yield _curl(settings, base, f"/planetary/apod?date={EXAMPLE_DATE}")
        yield ""
    if settings.serves_secrets:
        name = next(iter(build_catalog(settings, os.environ).secrets), "example")
        recipient_header = recipient.header(recipient.kept_key(kept_keys.recipient_file()))
        yield _curl(settings, base, f"/secrets/{name}")
        yield ""
        sealed = _curl(settings, base, f"/secrets/{name}", recipient_header)
        key = kept_keys.recipient_file()
        yield f"{sealed} | {sys.executable} -m astropiks secrets open --key '{key}'"
        yield ""


def _curl(
    settings: DevelopmentSettings, base: str, path: str, recipient_header: str | None = None
) -> str:
    """Give a line that works as pasted, whatever protections are on."""
    values = demands.bound_headers(settings, recipient_header)
    bind = "".join(values.values()) or None
    if settings.approov_message_signing != "off":
        signed = f"{settings.public_base_url or base}{path}"
        option = f" --bind {bind}" if bind else ""
        headers = "".join(f" -H '{name}: {value}'" for name, value in values.items())
        mint_command = f"{sys.executable} -m astropiks token mint --sign '{signed}'{option}"
        return (
            f"cd '{kept_keys.checkout()}' && {mint_command} | curl -s -H @-{headers} '{base}{path}'"
        )
    token = mint(
        settings.secrets[0].secret,
        now=time.time(),
        expires_in=demands.lifetime(settings, CURL_TOKEN_SECONDS),
        bind=bind,
        more=demands.claims(settings),
    )
    values = {**demands.header(settings, token), **values}
    headers = " ".join(f"-H '{name}: {value}'" for name, value in values.items())
    return f"curl -s {headers} '{base}{path}'"
