"""NASA's stand-in for a load, in a process of its own: `python -m tests.proof.nasa PORT`.

It grants as many calls as anybody makes: of cold dates a load asks for more in minutes than NASA
grants in an hour.
"""

import sys

from astropiks.server import listen, serve_here
from standin.app import StandIn
from tests.conftest import NASA_KEY

if __name__ == "__main__":
    serve_here(StandIn(keys={NASA_KEY}, hourly_limit=10**9), listen("127.0.0.1", int(sys.argv[1])))
