"""A row of a table: what was seen of each kind of request."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.proof.failures.judged import Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was seen while something failed, and after.

    Attributes:
        seen: what came of each kind of request, by its name.
        back: what came of each when the fault was over.
        back_seconds: how long it took until all was well.
    """

    seen: Mapping[str, Seen]
    back: Mapping[str, Seen]
    back_seconds: float = 0

    def hows(self, *names: str) -> str:
        """Tell what came of some of them."""
        return hows(self.seen, *names)

    def hows_and_calls(self, *names: str) -> str:
        """Tell besides how often NASA was asked for one of them at most."""
        return f"{self.hows(*names)}, {max(self.seen[name].calls for name in names)}"


def hows(seen: Mapping[str, Seen], *names: str) -> str:
    """Tell what came of some kinds of request, or of all."""
    return " or ".join(sorted({seen[name].how for name in names or seen}))
