"""`python -m astropiks`: how a platform starts it, which installs no local project."""

import signal
import sys

# A platform may think better of it while we are still importing: nothing has been served yet.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

from astropiks.cli import main  # noqa: E402

main(prog_name="astropiks")
