"""What development keeps in a checkout, and the environment that it makes of it."""

import base64
import os
import secrets
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from astropiks import env_file


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


class NoServiceError(Exception):
    """No service could have the secret that would be used; the message says what to do."""


def prepare_environment(*, is_beside_service: bool = False) -> None:
    """Read `.env`, and give the environment an attestation secret if it has none.

    The secret is made once and kept, so that `token mint` in a second shell fits.

    Args:
        is_beside_service: whether the secret is of use only if a service here has it, too.

    Raises:
        NoServiceError: none has been started here, nor is this a checkout.
    """
    if find_secret():
        return
    if is_beside_service and not _is_ours(checkout() / "pyproject.toml"):
        raise NoServiceError(
            "No service has made its secret here. Run this in the service's checkout, or set "
            "APPROOV_BASE64_SECRET to the one that it has."
        )
    _make_secret(secret_file())
    find_secret()


def find_secret() -> bool:
    """Read `.env`, and tell whether there is a secret; one kept before gets into the environment.

    Nothing is made.
    """
    env_file.add(checkout() / ".env")
    if not any(map(os.environ.get, SECRET_NAMES)) and secret_file().exists():
        os.environ["APPROOV_BASE64_SECRET_FILE"] = str(secret_file())
    return any(map(os.environ.get, SECRET_NAMES))


def fresh_secret() -> str:
    """Make one up, as Approov's command line prints them."""
    return base64.b64encode(secrets.token_bytes(64)).decode("ascii")


def secret_origin() -> str:
    """Say where the attestation secret comes from."""
    name = next(filter(os.environ.get, SECRET_NAMES))
    path = os.environ[name] if name.endswith("_FILE") else None
    return path or f"{name} (environment or .env)"


def _make_secret(path: Path) -> None:
    """See to it that there is a secret in *path*."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    # Written whole beside its place and then linked there: no other process sees half of it,
    # and of two that make one at once, the first wins for both.
    with tempfile.NamedTemporaryFile("w", encoding="ascii", dir=path.parent) as fresh:
        fresh.write(f"{fresh_secret()}\n")
        fresh.flush()
        with suppress(FileExistsError):
            os.link(fresh.name, path)
            print(f"Made a development secret in {path}", file=sys.stderr)  # noqa: T201
