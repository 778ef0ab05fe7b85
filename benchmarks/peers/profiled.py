"""The service as in production, with a profiler that one signal starts and another one ends."""

import cProfile
import os
import signal
from pathlib import Path
from types import FrameType

from astropiks import cli

PROFILE = "PROFILE"
"""The variable that names the file for the profile."""

BEGIN, END = signal.SIGUSR1, signal.SIGUSR2


def main() -> None:
    """Serve."""
    path = Path(os.environ[PROFILE])
    profiler = cProfile.Profile()

    def begin(_: int, __: FrameType | None) -> None:
        profiler.enable()

    def end(_: int, __: FrameType | None) -> None:
        profiler.disable()
        unfinished = path.with_suffix(".part")
        profiler.dump_stats(unfinished)
        unfinished.rename(path)

    signal.signal(BEGIN, begin)
    signal.signal(END, end)
    cli.main(["serve"])


if __name__ == "__main__":
    main()
