"""Commands in a terminal, as a person sees them."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.processes import END_SECONDS


def in_terminal(
    command: Sequence[str], env: Mapping[str, str], cwd: Path, columns: int = 80
) -> str:
    """Run *command* to its end in a terminal, and give all that it writes there."""
    ours, theirs = os.openpty()
    more = {"COLUMNS": str(columns), "TERM": "xterm"}
    with subprocess.Popen(
        command, env={**env, **more}, cwd=cwd, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        written = b""
        while piece := _read(ours):
            written += piece
        process.wait(END_SECONDS)
    os.close(ours)
    return written.decode()


def _read(terminal: int) -> bytes:
    """Read what has been written, or nothing at its end."""
    try:
        return os.read(terminal, 65536)
    except OSError:  # how Linux says that the other end is closed
        return b""
