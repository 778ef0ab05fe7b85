"""Stand-ins for programs that are not ours: each writes down how it was called, and is content."""

import json
import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from tests.processes import environment, run

PROGRAM = """#!{python}
import json, sys
with open({log!r}, "a", encoding="utf-8") as log:
    log.write(json.dumps([{name!r}, *sys.argv[1:]]) + "\\n")
print({says!r})
"""


class Recorder:
    """A folder of such programs, to be put first on the PATH."""

    def __init__(self, folder: Path, programs: Collection[str] | Mapping[str, str]) -> None:
        """Make the programs.

        Args:
            folder: an empty one.
            programs: their names; as a mapping, with what each prints.
        """
        self._folder = folder
        self._log = folder / "calls.jsonl"
        says = programs if isinstance(programs, Mapping) else dict.fromkeys(programs, "done")
        for name, text in says.items():
            path = folder / name
            path.write_text(
                PROGRAM.format(python=sys.executable, log=str(self._log), name=name, says=text)
            )
            path.chmod(0o755)

    def run(self, command: str, cwd: Path, **variables: str) -> list[list[str]]:
        """Run a command line in a shell, see that it ends well, and give the calls it made."""
        self._log.write_text("")
        env = environment(**variables)
        env["PATH"] = os.pathsep.join([str(self._folder), env["PATH"]])
        ended = run(["bash", "-euo", "pipefail", "-c", command], env, cwd)
        assert ended.returncode == 0, ended.stderr
        return [json.loads(line) for line in self._log.read_text().splitlines()]
