import sys
from pathlib import Path

import pytest

from tests.processes import environment, run

SETUP = """
import threading
from edge import defects
defects.take_over()
def fail():
    raise ValueError("marker") from KeyError("marker")
"""

ENDS = {
    "main thread": ("fail()", 1),
    "another thread": ("threading.Thread(target=fail).start()", 0),
    "nowhere": ("class One:\n    def __del__(self):\n        fail()\nOne()", 0),
}


@pytest.mark.parametrize(("code", "status"), ENDS.values(), ids=ENDS)
def test_uncaught(tmp_path: Path, code: str, status: int) -> None:
    """What nobody catches is told by its type, in whichever thread; its text may be anything."""
    ended = run([sys.executable, "-c", SETUP + code], environment(), tmp_path)
    assert ended.stderr == "This is a defect: ValueError at a library. Please report it.\n"
    assert (ended.returncode, ended.stdout) == (status, "")


def test_place(tmp_path: Path) -> None:
    """Of our own code it tells the place."""
    code = "from edge.setting_types import hosts; hosts('marker!')"
    ended = run([sys.executable, "-c", SETUP + code], environment(), tmp_path)
    assert ended.stderr.startswith("This is a defect: ValueError at edge/setting_types.py:")
    assert "marker" not in ended.stderr


def test_interrupted(tmp_path: Path) -> None:
    """Ctrl-C is no defect."""
    ended = run([sys.executable, "-c", f"{SETUP}raise KeyboardInterrupt"], environment(), tmp_path)
    assert ended.stderr.endswith("KeyboardInterrupt\n")
    assert "defect" not in ended.stderr.splitlines()[-1]


def test_thread_exits(tmp_path: Path) -> None:
    """Nor is a thread that ends itself, of which Python says nothing, either."""
    code = "threading.Thread(target=sys.exit).start()"
    ended = run([sys.executable, "-c", f"{SETUP}import sys\n{code}"], environment(), tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
