"""Run `astropiks` with an exception forced at a place.

`python -m tests.proof.breaking PLACE ARGUMENTS`.
"""

import sys

from astropiks.cli import main
from tests.proof.layers import DefectError, Forced

Forced(DefectError).into(sys.argv[1], setattr)  # in workers, too, which import this anew

if __name__ == "__main__":
    main(sys.argv[2:], prog_name="astropiks")
