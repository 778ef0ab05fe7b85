"""The licences of what a deployment holds."""

from importlib.metadata import PackageNotFoundError, metadata

import pytest

from tests.proof.record import Record
from tests.proof.supply.licences import ALLOWED, EXCEPTIONS, READ, foreign, licence
from tests.proof.supply.lock import deployed

NAMES = sorted({pin.name for pin in deployed()})


def test_stated(proof: Record) -> None:
    """Every package that is deployed has a licence that can be named."""
    found = {name: licence(name) for name in NAMES}
    assert [name for name, expression in found.items() if expression is None] == []
    for expression in sorted({str(expression) for expression in found.values()}):
        under = [name for name in NAMES if found[name] == expression]
        why = "; ".join(EXCEPTIONS[name] for name in under if name in EXCEPTIONS)
        proof.row(
            "supply-licences",
            licence=expression,
            packages=len(under),
            which=", ".join(under),
            exception=why,
        )


def test_allowed() -> None:
    """Each licence is an allowed one, but for named exceptions, all of which are needed."""
    found = {name for name in NAMES if foreign(licence(name) or "none")}
    assert found == set(EXCEPTIONS)


def test_foreign() -> None:
    """Another licence is seen in any place of an expression."""
    assert foreign("MIT OR (Apache-2.0 AND GPL-3.0-only)") == {"GPL-3.0-only"}
    assert {found for name in ALLOWED for found in foreign(name)} == set()


@pytest.mark.parametrize("name", READ)
def test_read(name: str) -> None:
    """Nothing is put in place of what a package itself states as an expression."""
    try:
        assert metadata(name).get_all("License-Expression") is None
    except PackageNotFoundError:
        assert name in {pin.name for pin in deployed() if pin.marker}
