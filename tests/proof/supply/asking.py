"""Programs that ask others: the package index, a database of vulnerabilities."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

SECONDS = 300

MACHINES_OWN = dict(os.environ)
"""The environment as it was found: the way from this machine to an index is said in it."""


class UnansweredError(Exception):
    """Nobody could be asked, or what was asked for is not there; says why in a line."""


def ask(command: Sequence[str | Path], folder: Path) -> tuple[str, str]:
    """Run *command* in *folder*; give what it writes, and what it says besides.

    A status other than 0 may be the answer: pip-audit tells so of a hole.

    Raises:
        UnansweredError: it came to nothing that can be read.
    """
    ran = subprocess.run(
        command,
        env=MACHINES_OWN,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if ran.returncode and not ran.stdout:
        raise UnansweredError((ran.stderr.strip() or "no answer").splitlines()[-1])
    return ran.stdout, ran.stderr
