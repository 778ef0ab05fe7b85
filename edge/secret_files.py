"""Secrets in files of their own, which `NAME_FILE` names: read at start, and after each change."""

import os
from collections.abc import Callable
from pathlib import Path

from edge import logs, metrics
from edge.watched_files import WatchedFile


def variable(name: str) -> str:
    """Give the variable that names the file of the secret *name*."""
    return f"{name}_FILE"


def read(path: str) -> str:
    """Give what stands in a file, without the blanks around it.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no UTF-8.
    """
    return Path(path).read_text(encoding="utf-8").strip()


def watched(name: str, replace: Callable[[str], bool]) -> list[WatchedFile]:
    """Hand the secret *name* in its file, if it has one, on to *replace* whenever that is read.

    *replace* says whether it is another than the one in force. It raises ValueError, with a text
    that quotes nothing, for one that cannot be used: the last good one stays in force.

    The log tells of another secret, and of a good one after a bad: neither at start nor after a
    SIGHUP that changes nothing, since the event is taken as the proof of a rotation.
    """
    path = os.environ.get(variable(name))
    if not path:
        return []

    was_bad = False

    def reload() -> None:
        nonlocal was_bad
        try:
            is_told = replace(_checked(path)) or was_bad
            was_bad = False
        except ValueError as error:
            was_bad = True
            metrics.count_keyset_reload("kept")
            logs.log("error", "key_file_kept", reason=f"{variable(name)} {error}")
        except Exception as error:  # noqa: BLE001  (the watch goes on, whatever happens)
            was_bad = True
            metrics.count_keyset_reload("kept")
            logs.log("error", "key_file_kept", reason=variable(name), exc_info=error)
        else:
            if is_told:
                metrics.count_keyset_reload("replaced")
                logs.log("info", "key_file_replaced", detail=name)

    return [WatchedFile(Path(path), reload)]


def _checked(path: str) -> str:
    """Read a file that has changed.

    Raises:
        ValueError: there is nothing in it that could be a secret.
    """
    try:
        text = read(path)
    except (OSError, UnicodeError) as error:
        raise ValueError(f"cannot be read ({type(error).__name__})") from None
    if not text:
        raise ValueError("is empty")
    return text
