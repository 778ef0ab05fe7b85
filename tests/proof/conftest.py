from collections.abc import Iterator

import pytest

from tests.conftest import PROOFS
from tests.proof.looked import Looked
from tests.proof.record import Record


@pytest.fixture(scope="module")
def looked(request: pytest.FixtureRequest) -> Iterator[Looked]:
    """Take down where a module has looked for marks, by the first line of what it is about."""
    tally = Looked()
    yield tally
    about = (request.module.__doc__ or "").partition(":")[0].strip().rstrip(".")
    tally.tell(request.config.stash.setdefault(PROOFS, Record()), about)
