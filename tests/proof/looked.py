"""Where has been looked for marks, and what was found: the tally of a run."""

from dataclasses import dataclass, field

from tests.proof.canary import Canary, Sighting
from tests.proof.record import Record

SECTION = "leaks"


@dataclass(slots=True)
class Place:
    """One kind of output.

    Attributes:
        pieces: outputs that were looked through.
        size: bytes of all together.
        marks: at most, that one of them was looked through for.
        needles: likewise, spellings of these.
        found: what stood there and should not.
    """

    pieces: int = 0
    size: int = 0
    marks: int = 0
    needles: int = 0
    found: list[Sighting] = field(default_factory=list)


class Looked:
    """All places of a suite."""

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}

    def find(self, place: str, data: bytes, *canaries: Canary) -> list[Sighting]:
        """Look for marks in *data*, and take down that it has been done, if there was any."""
        if not data:
            return []
        found = [seen for canary in canaries for seen in canary.find(data)]
        one = self._places.setdefault(place, Place())
        one.pieces += 1
        one.size += len(data)
        one.marks = max(one.marks, sum(len(canary.marks) for canary in canaries))
        one.needles = max(one.needles, sum(canary.needle_count for canary in canaries))
        one.found += found
        return found

    def tell(self, proof: Record, suite: str) -> None:
        """Make rows of docs/proof.md."""
        for name, place in sorted(self._places.items()):
            proof.row(
                SECTION,
                suite=suite,
                where=name,
                outputs=f"{place.pieces:,}",
                kB=f"{place.size / 1000:,.0f}",
                marks=f"{place.marks:,}",
                spellings_of_them=f"{place.needles:,}",
                found=len(place.found),
            )
