"""The keys that tokens are verified with, and the files that secrets lie in."""

import stat
from collections.abc import Iterator
from pathlib import Path

from astropiks.doctor.finding import Finding, count_of, ok, warning
from astropiks.doctor.surroundings import Surroundings
from attestation.keys import HmacKey, InvalidKeyError, Key, KeyRing
from edge import keyset_file
from edge.environment import SECRET_VARIABLES
from edge.settings import Settings

DAY = 24 * 3600

SHOWN = 40
"""Characters of a key's id: its author may have written anything."""


def keys(settings: Settings, here: Surroundings) -> Iterator[Finding]:
    """Say which keys there are, how old they are, and who can read them."""
    if settings.secrets:
        yield from _secrets(settings.secrets)
    if settings.approov_keyset_file is not None:
        yield from _keyset(settings.approov_keyset_file, here.now)
    files = {f"{name}_FILE": here.environ.get(f"{name}_FILE") for name in SECRET_VARIABLES}
    if here.env_file is not None:
        yield from _readers("--env-file", here.env_file)
    for name, path in files.items():
        if path:
            yield from _readers(name, Path(path))


def _secrets(secrets: tuple[HmacKey, ...]) -> Iterator[Finding]:
    name = "APPROOV_BASE64_SECRET"
    count, different = len(secrets), len({key.secret for key in secrets})
    if count != different:
        yield warning(
            name, f"{count} secrets, of which {different} differ.", "Take out what is there twice."
        )
    elif KeyRing(secrets).has_published:
        yield warning(
            name,
            "It is published with Approov's samples: everybody can sign with it.",
            "Use it on a laptop only; `astropiks serve` refuses it.",
        )
    elif count > 2:
        yield warning(
            name,
            f"{count} secrets are accepted: tokens of each pass.",
            "Two are enough while you rotate. Take out the last ones: they are the oldest.",
        )
    else:
        yield ok(name, f"{count_of(count, 'secret')} for HS256{', newest first' * (count > 1)}.")


def _keyset(path: Path, now: float) -> Iterator[Finding]:
    name = "APPROOV_KEYSET_FILE"
    try:
        found = keyset_file.read(path)
        days = int((now - path.stat().st_mtime) // DAY)
    except (InvalidKeyError, OSError):  # it could be read a moment ago
        yield warning(name, "It has changed just now and cannot be read.", "Try again.")
        return
    age = f"changed {count_of(days, 'day')} ago" if days > 0 else "changed today"
    yield ok(name, f"{count_of(len(found), 'key')}, {age}: {', '.join(map(_key, found))}.")
    if any(isinstance(key, HmacKey) for key in found):
        yield from _readers(name, path)


def _key(key: Key) -> str:
    if key.kid is None:
        return f"{key.algorithm} without kid"
    shown = "".join(c if c.isprintable() else "?" for c in key.kid[:SHOWN])
    return f"{key.algorithm} kid {shown}"


def _readers(name: str, path: Path) -> Iterator[Finding]:
    """Look whether every user of this machine can read a file."""
    try:
        mode = path.stat().st_mode
    except OSError:  # `environment.load` has said so
        return
    if mode & stat.S_IROTH:
        yield warning(
            name,
            f"Every user of this machine can read the file (mode {stat.S_IMODE(mode):03o}).",
            "chmod o-r on it, unless this is a container with one user.",
        )
    else:
        yield ok(name, "Not every user of this machine can read the file.")
