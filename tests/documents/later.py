"""The service that the environment describes, with a clock as far ahead as a file says."""

import sys
import time
from contextlib import suppress
from pathlib import Path

from astropiks.apps import create_app
from astropiks.server import listen, serve_here
from edge import logs
from edge.environment import load
from edge.settings import Settings


def main() -> None:
    """Serve until a signal comes."""
    ahead = Path(sys.argv[1])
    settings = load(Settings)
    logs.configure(settings.log_format, settings.log_level)
    app = create_app(settings, clock=lambda: time.time() + float(ahead.read_text()))
    with suppress(KeyboardInterrupt):
        serve_here(app, listen(settings.host, settings.port))


if __name__ == "__main__":
    main()
