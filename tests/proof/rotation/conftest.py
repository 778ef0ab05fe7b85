from collections.abc import Callable, Iterator, Sequence

import pytest

from astropiks.server import serving
from standin.app import StandIn
from tests.machines.conftest import platform
from tests.proof.record import Record
from tests.proof.rotation.drill import NASA_KEYS, Row

__all__ = ["platform"]


@pytest.fixture
def standin() -> StandIn:
    """Be NASA, which does not count calls here."""
    return StandIn(keys={*NASA_KEYS}, hourly_limit=10**9)


@pytest.fixture
def nasa(standin: StandIn) -> Iterator[str]:
    """Be NASA on a real socket."""
    with serving(standin) as url:
        yield url


@pytest.fixture
def row(proof: Record, figure: Callable[[str], None]) -> Row:
    """Tell what a drill has shown."""

    def tell(what: str, rotations: int, answered: int, failed: Sequence[str], old: str) -> None:
        proof.row(
            "rotation",
            what=what,
            rotations=rotations,
            requests=f"{answered + len(failed):,}",
            failed=len(failed),
            old_ones_refused=old,
        )
        figure(f"rotation of {what}: {len(failed)} of {answered:,} requests failed; {old}")

    return tell
