"""The key set in a file, read anew when it changes. The last good one stays in force."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attestation.keys import InvalidKeyError, Key, keys_from_jwks
from edge import logs, metrics
from edge.watched_files import WatchedFile

MAX_FILE_BYTES = 256 * 1024


def read(path: Path) -> tuple[Key, ...]:
    """Read a JSON Web Key Set (RFC 7517 section 5). A key that cannot be used spoils the set.

    Raises:
        InvalidKeyError: it cannot be read or used. The message quotes neither file nor path.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InvalidKeyError(f"is longer than {MAX_FILE_BYTES} bytes")
        document: Any = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidKeyError(f"cannot be read ({type(error).__name__})") from None
    except (ValueError, RecursionError):
        raise InvalidKeyError("is no JSON") from None
    members = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(members, list) or not members:
        raise InvalidKeyError("is no key set with keys in it")
    return keys_from_jwks(members)


def watched(path: Path, replace: Callable[[tuple[Key, ...]], None]) -> WatchedFile:
    """Hand each new, good key set in *path* on to *replace*; the last good one stays in force."""

    def reload() -> None:
        try:
            replace(read(path))
        except InvalidKeyError as error:
            metrics.count_keyset_reload("kept")
            logs.log("error", "keyset_kept", reason=f"APPROOV_KEYSET_FILE {error}")
        except Exception as error:  # noqa: BLE001  (the watch goes on, whatever happens)
            metrics.count_keyset_reload("kept")
            logs.log("error", "keyset_kept", reason="a defect", exc_info=error)
        else:
            metrics.count_keyset_reload("replaced")
            logs.log("info", "keyset_replaced")

    return WatchedFile(path, reload)
