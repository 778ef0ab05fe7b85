"""NASA fails in each way there is, times each kind of request."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from standin.faults import ENDLESS, Fault
from tests.proof.failures.asked import ALL, Kind
from tests.proof.failures.expected.nasa import LONGEST_PAUSE_SECONDS, of_nasa
from tests.proof.failures.judged import AS_IT_IS, App, Seen, asked_of_nasa
from tests.proof.failures.served import secrets_file, served
from tests.proof.record import IS_WHOLE, Record, scaled

QUICK = (Fault.UNAVAILABLE,)

FAULTS = tuple(Fault) if IS_WHOLE else QUICK

AT_ONCE = 12
"""Services at once: they wait more than they do."""

MORE = 3

PATIENCE_SECONDS = 0.9
"""Who waits for so long is waiting for NASA."""

MOST_ASKED = 20

LOOKS = (0, 1, 5, 10, 30, 60, 120, 300, 600, 2870, 2930)
"""Seconds after the fault's end."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What was seen of one kind of request.

    Attributes:
        first: what came of it.
        more: what came of it when it was asked again.
        theirs: what NASA itself answered then, where that goes through as it is.
        back_seconds: after the fault's end.
        back: what came of it then.
    """

    first: Seen
    more: tuple[Seen, ...]
    theirs: bytes
    back_seconds: int
    back: Seen


def observe(secrets: Path, fault: Fault, kind: Kind) -> Cell:
    """Let NASA fail, ask, ask again, let it be well, and ask until it works."""
    with served(secrets) as service:
        service.prepare([kind])
        service.break_nasa(fault)
        first = service.ask(kind)
        often = 1 if fault in ENDLESS else MORE
        more = tuple(service.app.ask(kind) for _ in range(often))
        theirs = asked_of_nasa(service.nasa_url, kind) if first.how == AS_IT_IS else b""
        if kind.state == "old":
            until_left_alone(service.app, kind)
        service.nasa.faults.clear()
        for before, look in zip((0, *LOOKS), LOOKS, strict=False):
            service.advance(seconds=look - before)
            back = service.app.ask(kind)
            if back.is_well:
                break
        return Cell(first, more, theirs, look, back)


def until_left_alone(app: App, kind: Kind) -> None:
    """Wait until a call that is under way has failed, too, so that what is held is left alone."""
    for _ in range(MOST_ASKED):
        if app.ask(kind).seconds < PATIENCE_SECONDS:
            return
    raise AssertionError("NASA is asked again and again")


@pytest.fixture(scope="module", params=FAULTS)
def fault(request: pytest.FixtureRequest) -> Fault:
    """Be one way to fail."""
    assert isinstance(request.param, Fault)
    return request.param


@pytest.fixture(scope="module")
def cells(fault: Fault, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[Kind, Cell]]:
    """See all of them, each with a service and a NASA of its own."""
    secrets = secrets_file(tmp_path_factory.mktemp("secrets"))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = pool.map(partial(observe, secrets, fault), ALL)
        yield dict(zip(ALL, seen, strict=True))


@pytest.mark.parametrize("kind", ALL, ids=str)
def test_cell(fault: Fault, kind: Kind, cells: Mapping[Kind, Cell]) -> None:
    """Each request comes out as it has to, costs no more than it may, and recovers in time."""
    cell, wanted = cells[kind], of_nasa(fault, kind)
    assert cell.first.how in wanted.how
    assert cell.first.calls <= wanted.calls
    assert cell.first.seconds < wanted.seconds
    # An API that has failed often enough is set aside, which is a 503.
    is_error = kind.group == "record" and kind.state == "cold"
    assert {one.how for one in cell.more} <= wanted.how | ({"503"} if is_error else set())
    assert cell.back.is_well
    assert cell.back_seconds <= wanted.back_seconds


@pytest.mark.parametrize("kind", ALL, ids=str)
def test_told(fault: Fault, kind: Kind, cells: Mapping[Kind, Cell]) -> None:
    """Who comes back when an error says finds it well, and what NASA answers itself is its own."""
    cell = cells[kind]
    is_last_of_many = fault is Fault.OVER_LIMIT and kind.count  # the first shows how things stand
    if cell.first.how in {"502", "503", "504"} and not is_last_of_many:
        assert cell.back_seconds <= cell.first.retry_after
    if cell.first.how == AS_IT_IS:
        assert {one.body for one in (cell.first, *cell.more)} == {cell.theirs}


GROUPS = {
    "held": ("latest-held", "date-held", "range-held", "open-range-held", "extras-held"),
    "past its lifetime": ("latest-old", "date-old", "range-old", "open-range-old", "extras-old"),
    "not held": ("latest-cold", "date-cold", "range-cold", "open-range-cold", "extras-cold"),
    "count of what is held": ("count-of-held",),
    "count of more": ("count-of-more",),
    "picture": ("picture",),
    "other API": ("other-api-cold",),
}
"""Columns of the table: cells that have to be alike. The rest is as ever."""


def test_row(fault: Fault, cells: Mapping[Kind, Cell], proof: Record) -> None:
    """The table says what was seen."""
    by_name = {kind.name: cell for kind, cell in cells.items()}
    row = {}
    for column, names in GROUPS.items():
        group = [by_name[name] for name in names]
        how = sorted({cell.first.how for cell in group})
        calls = max(cell.first.calls for cell in group)
        back = max(cell.back_seconds for cell in group)
        row[column] = " or ".join(how) + f", {calls}" + (f", {back} s" if back else "")
    proof.row("failures-nasa", NASA=f"`{fault}`", **row)
    assert len(row) == len(GROUPS)


OUTAGE_SECONDS, EVERY_SECONDS = 3600, 30


THROUGH_OUTAGE = ("latest-old", "date-cold", "range-cold")[: scaled(1, 3)]


@pytest.mark.parametrize("name", THROUGH_OUTAGE)
def test_long_outage(name: str, tmp_path: Path, proof: Record) -> None:
    """After an hour without NASA, all of it asked through, it is back within the longest pause."""
    kind = next(kind for kind in ALL if kind.name == name)
    with served(secrets_file(tmp_path)) as service:
        service.prepare([kind])
        service.break_nasa(Fault.UNAVAILABLE)
        hows = set()
        for _ in range(OUTAGE_SECONDS // EVERY_SECONDS):
            hows.add(service.app.ask(kind).how)
            service.advance(seconds=EVERY_SECONDS)
        calls = len(service.nasa.requests)
        service.nasa.faults.clear()
        back_seconds = 0
        while not service.app.ask(kind).is_well:
            service.advance(seconds=EVERY_SECONDS)
            back_seconds += EVERY_SECONDS
    asked = OUTAGE_SECONDS // EVERY_SECONDS
    proof.row(
        "failures-outage",
        request=name,
        asked=f"{asked} times",
        came=" or ".join(sorted(hows)),
        calls_of_NASA=calls,
        back_after=f"{back_seconds} s",
    )
    assert hows == of_nasa(Fault.UNAVAILABLE, kind).how
    assert calls < asked
    assert back_seconds <= LONGEST_PAUSE_SECONDS + EVERY_SECONDS
