"""A phone: a JVM that runs the guide's app, and does what it is told."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ORDER_SECONDS = 60

QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto")
"""A JVM that lives for a second need not become fast."""

Said = dict[str, Any]


class Phone:
    """Does one thing after another.

    Attributes:
        process: the JVM.
    """

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def do(self, what: str, **more: object) -> Said:
        """Give what came of it: `outcome`, and what the driver says of each order."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the app has crashed: see the trace on stderr"
        said: Said = json.loads(line)
        return said

    def get(self, url: str, **headers: str) -> Said:
        """Ask for any address with the app's client."""
        return self.do("get", url=url, headers=headers)


@contextmanager
def switched_on(classpath: Sequence[Path], base_url: str, cache: Path) -> Iterator[Phone]:
    """Start the app that is on *classpath*, for the service at *base_url*."""
    properties = {"base.url": base_url, "cache.dir": str(cache)}
    options = [f"-D{name}={value}" for name, value in properties.items()]
    path = ":".join(map(str, classpath))
    command = ["java", *QUICK, *options, "-cp", path, "your.app.Driver"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Phone(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(ORDER_SECONDS)
