"""The key set in a file, read anew when it changes. The last good one stays in force."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from attestation.keys import InvalidKeyError, Key, keys_from_jwks
from edge import logs, metrics

POLL_SECONDS = 0.5
"""A removed key is refused within a second."""

MAX_FILE_BYTES = 256 * 1024

Stamp = tuple[int, int, int]


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


def on_hang_up(react: Callable[[], None]) -> None:
    """Call *react* on SIGHUP, where signals arrive: in a process's main thread alone."""
    with suppress(ValueError, RuntimeError, NotImplementedError):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, react)


class KeysetFile:
    """Watches one file and hands each new, good content on."""

    def __init__(self, path: Path, replace: Callable[[tuple[Key, ...]], None]) -> None:
        self._path = path
        self._replace = replace
        self._stamp: Stamp | None = None
        self._asked = asyncio.Event()

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look at the file every now and then, and at once on SIGHUP, until left."""
        self.refresh(even_unchanged=True)  # it may have changed since the settings were read
        on_hang_up(self._asked.set)
        task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _watch(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), POLL_SECONDS)
            self.refresh(even_unchanged=self._asked.is_set())
            self._asked.clear()

    def refresh(self, *, even_unchanged: bool = False) -> None:
        """Read the file if it has changed; keep what is in force if it is no good."""
        stamp = self._stat()
        if stamp == self._stamp and not even_unchanged:
            return
        self._stamp = stamp
        try:
            self._replace(read(self._path))
        except InvalidKeyError as error:
            metrics.count_keyset_reload("kept")
            logs.log("error", "keyset_kept", reason=f"APPROOV_KEYSET_FILE {error}")
        except Exception as error:  # noqa: BLE001  (the watch goes on, whatever happens)
            metrics.count_keyset_reload("kept")
            logs.log("error", "keyset_kept", reason="a defect", exc_info=error)
        else:
            metrics.count_keyset_reload("replaced")
            logs.log("info", "keyset_replaced")

    def _stat(self) -> Stamp | None:
        try:
            stat = self._path.stat()
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino
