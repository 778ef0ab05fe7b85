"""Where the service would run, as far as that can be seen."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

PLATFORMS = {
    "DYNO": "Heroku",
    "RENDER": "Render",
    "FLY_APP_NAME": "Fly.io",
    "RAILWAY_PROJECT_ID": "Railway",
    "K_SERVICE": "Cloud Run",
    "WEBSITE_SITE_NAME": "Azure App Service",
    "KUBERNETES_SERVICE_HOST": "Kubernetes",
}
"""Variables by which platforms can be told, all of which have a router before the service."""

PLATFORM_PORTS = range(10_000, 65_536)
"""From which platforms take one for PORT; nobody chooses such a port by hand."""


def _cores() -> int:
    """Count those that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux tells
        return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The machine.

    Attributes:
        environ: the variables.
        cores: how many there are to work on.
        now: the present, as Unix time in seconds.
        env_file: what the variables were taken from, if it is a file: then they are another
            machine's, of which nothing else can be seen from here.
    """

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    cores: int = field(default_factory=_cores)
    now: float = field(default_factory=time.time)
    env_file: Path | None = None

    @property
    def platform(self) -> str | None:
        """Name the platform, if this looks like one."""
        found = (name for variable, name in PLATFORMS.items() if self.environ.get(variable))
        port = self.environ.get("PORT", "")
        is_given = port.isascii() and port.isdigit() and int(port[:6]) in PLATFORM_PORTS
        return next(found, "a platform" if is_given else None)
