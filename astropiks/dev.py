"""Development on a laptop: fill in what the environment leaves open, then serve as ever."""

import base64
import os
import secrets
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from astropiks import env_file, recipient, server
from astropiks.apps import Application, create_app
from astropiks.mint import mint
from attestation.claims import Clock
from edge import logs
from edge.environment import load
from edge.settings import DevelopmentSettings, Settings
from secrets_service.assembly import build_catalog
from standin.app import StandIn
from standin.conditions import Conditions

if TYPE_CHECKING:
    from astropiks.console.app import Console

STANDIN_KEY = "standin-key"
CURL_TOKEN_SECONDS = 24 * 3600
EXAMPLE_DATE = "2021-10-12"
EXAMPLE_SECRET = {"example": SecretStr("a value that make run has made up")}
"""What is delivered where no secret has been configured."""

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104


def checkout() -> Path:
    """Give the checkout that the working folder is in, or that folder if it is in none."""
    here = Path.cwd()
    return next((at for at in (here, *here.parents) if _is_ours(at / "pyproject.toml")), here)


def _is_ours(project: Path) -> bool:
    return project.is_file() and 'name = "astropiks-proxy"' in project.read_text(encoding="utf-8")


def secret_file() -> Path:
    """Give the place of the generated attestation secret; git ignores its folder."""
    return checkout() / ".astropiks" / "attestation-secret"


def recipient_file() -> Path:
    """Give the place of the key that development's sealed secrets are opened with."""
    return checkout() / ".astropiks" / "recipient-key.pem"


SECRET_NAMES = (
    "APPROOV_BASE64_SECRET",
    "APPROOV_TOKEN_BASE64_SECRET",
    "APPROOV_BASE64_SECRET_FILE",
)


def prepare_environment() -> None:
    """Read `.env`, and give the environment an attestation secret if it has none.

    The secret is made once and kept, so that `token mint` in a second shell fits.
    """
    env_file.add(checkout() / ".env")
    if not any(map(os.environ.get, SECRET_NAMES)):
        os.environ["APPROOV_BASE64_SECRET_FILE"] = str(_kept_secret(secret_file()))


def secret_origin() -> str:
    """Say where the attestation secret comes from."""
    name = next(filter(os.environ.get, SECRET_NAMES))
    path = os.environ[name] if name.endswith("_FILE") else None
    return path or f"{name} (environment or .env)"


def run() -> None:
    """Serve everything, with the stand-in for NASA unless there is a real key.

    Raises:
        SettingsError: `.env` or the environment is not a configuration.
        CatalogError: the runtime secrets are not.
        ListenError: the port cannot be had.
    """
    prepare_environment()
    settings = load(DevelopmentSettings)
    if not settings.runtime_secrets and settings.runtime_secrets_file is None:
        settings = settings.model_copy(update={"runtime_secrets": EXAMPLE_SECRET})
    if settings.serves_secrets:
        build_catalog(settings, os.environ)  # a mistake in it is told before anything is served
    logs.configure(settings.log_format, settings.log_level)
    listener = server.listen(settings.host, settings.port)
    if settings.nasa_api_key:
        nasa = f"the real one at {settings.nasa_api_base_url}, asked with your NASA_API_KEY."
        _serve(settings, nasa, listener)
        return
    nasa_here = StandIn(keys={STANDIN_KEY})
    with server.serving(nasa_here) as base_url:
        nasa = f"a stand-in at {base_url}: no network, no key. Set NASA_API_KEY for the real one."
        stand_in = {
            "nasa_api_key": SecretStr(STANDIN_KEY),
            "nasa_api_base_url": base_url,
            "nasa_science_base_url": base_url,
            "nasa_image_base_url": base_url,
        }
        settings = settings.model_copy(update=stand_in)
        _serve(settings, nasa, listener, nasa_here.conditions)


def _serve(
    settings: DevelopmentSettings,
    nasa: str,
    listener: socket.socket,
    conditions: Conditions | None = None,
) -> None:
    print(banner(settings, nasa), flush=True)  # noqa: T201
    server.serve_here(with_console(create_app(settings), settings, nasa, conditions), listener)


def with_console(
    app: Application,
    settings: DevelopmentSettings,
    nasa: str,
    conditions: Conditions | None = None,
    clock: Clock = time.time,
) -> "Console":
    """Put the development console before *app*, whose clock is *clock*.

    Args:
        app: as it is served in production.
        settings: of *app*.
        nasa: says who plays NASA.
        conditions: of the stand-in for NASA, if there is one.
        clock: the present, as Unix time in seconds.
    """
    # It makes its tokens by this module's rules, so this module cannot want it at its start.
    from astropiks.console.app import Console  # noqa: PLC0415
    from astropiks.console.page import About  # noqa: PLC0415

    urls = base_urls(settings)
    about = About(
        nasa=nasa,
        base_urls=urls,
        curl=next(_examples(settings, next(iter(urls.values())))),
        is_stand_in=conditions is not None,
    )
    return Console(app, settings, about, conditions=conditions, clock=clock)


def banner(settings: DevelopmentSettings, nasa: str) -> str:
    """Say where everything is, and give lines to paste."""
    urls = base_urls(settings)
    base = next(iter(urls.values()))
    is_near = settings.host in {*EVERYWHERE, "localhost", "127.0.0.1", "::1"}
    lines = [
        "",
        *([f"Open {base}/ in a browser: there you can try everything.", ""] if is_near else []),
        f"NASA is {nasa}",
        "",
        "Base URLs for the app:",
        *(f"  {where:<21} {url}" for where, url in urls.items()),
        "",
        "Paste one of these (`astropiks token mint` makes other tokens):",
        "",
        *_examples(settings, base),
    ]
    return "\n".join(lines)


def base_urls(settings: Settings) -> dict[str, str]:
    """Give the base URLs for an app, this machine's first, by where it runs."""
    lan = _lan_address() if settings.host in EVERYWHERE else None
    port = settings.port
    return {
        "on this machine": f"http://127.0.0.1:{port}",
        "Android emulator": f"http://10.0.2.2:{port}",
        **({"in the local network": f"http://{lan}:{port}"} if lan else {}),
    }


def _examples(settings: DevelopmentSettings, base: str) -> Iterator[str]:
    """Give a line for a picture, one for a secret, and one for a sealed secret."""
    if settings.serves_proxy:
        yield _curl(settings, base, f"/planetary/apod?date={EXAMPLE_DATE}")
        yield ""
    if settings.serves_secrets:
        name = next(iter(build_catalog(settings, os.environ).secrets), "example")
        recipient_header = recipient.header(recipient.kept_key(recipient_file()))
        yield _curl(settings, base, f"/secrets/{name}")
        yield ""
        sealed = _curl(settings, base, f"/secrets/{name}", recipient_header)
        yield f"{sealed} | {sys.executable} -m astropiks secrets open --key '{recipient_file()}'"
        yield ""


def demanded_claims(settings: Settings) -> dict[str, str]:
    """Give the claims that *settings* want of every token."""
    wanted = {"iss": settings.approov_issuer, "aud": settings.approov_audience}
    return {name: value for name, value in wanted.items() if value}


def token_lifetime(settings: Settings, seconds: float) -> float:
    """Give *seconds*, or as many as *settings* allow."""
    return min(seconds, settings.approov_max_lifetime_seconds or seconds)


def token_header(settings: Settings, token: str) -> dict[str, str]:
    """Give the header that carries *token*, as *settings* want it."""
    return {settings.approov_header_name: f"{settings.approov_header_prefix} {token}".strip()}


def _curl(
    settings: DevelopmentSettings, base: str, path: str, recipient_header: str | None = None
) -> str:
    """Give a line that works as pasted, whatever protections are on."""
    values = dict.fromkeys(settings.approov_binding_headers, "example")
    if recipient_header:
        values["Secret-Recipient"] = recipient_header
    bind = "".join(values.values()) or None
    if settings.approov_message_signing != "off":
        signed = f"{settings.public_base_url or base}{path}"
        option = f" --bind {bind}" if bind else ""
        headers = "".join(f" -H '{name}: {value}'" for name, value in values.items())
        mint_command = f"{sys.executable} -m astropiks token mint --sign '{signed}'{option}"
        return f"cd '{checkout()}' && {mint_command} | curl -s -H @-{headers} '{base}{path}'"
    token = mint(
        settings.secrets[0].secret,
        now=time.time(),
        expires_in=token_lifetime(settings, CURL_TOKEN_SECONDS),
        bind=bind,
        more=demanded_claims(settings),
    )
    values = {**token_header(settings, token), **values}
    headers = " ".join(f"-H '{name}: {value}'" for name, value in values.items())
    return f"curl -s {headers} '{base}{path}'"


def _kept_secret(path: Path) -> Path:
    """See to it that there is a secret in *path*."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        # Written whole beside its place and then linked there: no other process sees half of it,
        # and of two that make one at once, the first wins for both.
        with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=path.parent) as fresh:
            fresh.write(base64.b64encode(secrets.token_bytes(64)).decode("ascii") + "\n")
            fresh.flush()
            with suppress(FileExistsError):
                os.link(fresh.name, path)
                print(f"Made a development secret in {path}", file=sys.stderr)  # noqa: T201
    return path


def _lan_address() -> str | None:
    """Give this machine's address in its network, if it has one. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return None if address.startswith("127.") else address
