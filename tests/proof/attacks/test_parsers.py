"""Nothing that a stranger sends gets more out of a parser than its documented exceptions."""

import gc
import importlib.util
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from astropiks.http_protocol import MAX_HEAD_BYTES
from tests.processes import environment
from tests.proof.attacks.parsers import PARSERS, Parser
from tests.proof.record import IS_WHOLE, Record, scaled

EXAMPLES = scaled(40, 600)

FUZZING_SECONDS = 120
"""For all parsers together."""

SECONDS_A_BYTE = 2e-6
"""Of processor time, with what checks it; the slowest take half of it."""

SLOW_SECONDS = 0.25
"""For any input, when it is read for the first time."""

NEGLIGIBLE_SECONDS = 0.0002
"""So much more may a longer input take, whatever it is: some get further than shorter ones."""

LOOKED_AT = 10
"""Slowest inputs of a parser, of which is measured how their time grows with their length."""

NO_ATHERIS = "NO ATHERIS HERE: install it (3.0 for Python 3.11) to have the parsers fuzzed"


@st.composite
def mutated(draw: st.DrawFn, parser: Parser) -> bytes:
    """Take a good input, and change it here and there; or make one up."""
    data = draw(st.sampled_from((*parser.seeds, b"")))
    piece = st.one_of(
        st.sampled_from(parser.words),
        st.binary(max_size=4),
        st.sampled_from(parser.seeds).flatmap(
            lambda seed: st.integers(0, len(seed)).map(lambda at: seed[at : at + 20])
        ),
    )
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.sampled_from((0, 0, 1, 1, 2, 20, 1000))))
        data = data[:start] + draw(piece) * draw(st.sampled_from((1, 1, 1, 2, 50))) + data[end:]
    return data


def timed(parser: Parser, data: bytes) -> tuple[bool, float]:
    """Check an input, and give the seconds of processor time that it took."""
    began = time.thread_time()
    is_accepted = parser.check(data)
    return is_accepted, time.thread_time() - began


@pytest.mark.parametrize("name", PARSERS)
def test_seeds(name: str) -> None:
    """What the others are made from is accepted, at least in part: so they get behind the door."""
    assert any(PARSERS[name].check(seed) for seed in PARSERS[name].seeds)


@pytest.mark.parametrize("name", PARSERS)
def test_mutations(name: str, proof: Record) -> None:
    """Whatever is changed: only documented exceptions, and no second spelling of what is good."""
    parser, tried = PARSERS[name], [0, 0]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(mutated(parser))
    def check(data: bytes) -> None:
        tried[0] += 1
        tried[1] += parser.check(data)

    check()
    proof.row("attack-mutations", parser=name, inputs=tried[0], accepted=tried[1])


class Pump(NamedTuple):
    """One piece, to be repeated within a good input, or behind a part of one."""

    unit: bytes
    before: bytes
    after: bytes

    def filled(self, length: int) -> bytes:
        """Repeat it until the input has this length."""
        room = max(0, length - len(self.before) - len(self.after))
        repeated = (self.unit * (room // len(self.unit) + 1))[:room]
        return (self.before + repeated + self.after)[:length]


def pumps(parser: Parser) -> Iterator[Pump]:
    """Give every unit at every place."""
    characters = [bytes([one]) for one in range(0, 256, scaled(16, 1))]
    parts = [(seed, len(seed) * quarter // 4) for seed in parser.seeds for quarter in range(5)]
    places = {(seed[:cut], after) for seed, cut in parts for after in (seed[cut:], b"\x00")}
    for unit in (*parser.words, *characters, *parser.seeds):
        for before, after in sorted(places)[:: scaled(7, 1)]:
            yield Pump(unit, before, after)


def least(parser: Parser, pump: Pump, length: int) -> float:
    """Give the least seconds for several lengths, none of which has been read, and may be kept."""
    return min(timed(parser, pump.filled(length - less))[1] for less in range(2, 7))


def seconds_of_longest(parser: Parser, pump: Pump) -> float:
    """Give the seconds for an input of the longest that are read; see that they grow with it."""
    quarter, whole = (least(parser, pump, one) for one in (parser.longest // 4, parser.longest))
    assert whole < SECONDS_A_BYTE * parser.longest + NEGLIGIBLE_SECONDS, pump
    # For four times the bytes; where they grow with the square of the length it is sixteen.
    assert whole < 8 * quarter + NEGLIGIBLE_SECONDS, pump
    return whole


@pytest.fixture
def _no_garbage() -> Iterator[None]:
    """Look for no garbage meanwhile: that takes a time by what all other tests have left."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_garbage")
@pytest.mark.parametrize("name", PARSERS)
def test_long(name: str, proof: Record) -> None:
    """No input takes long, or ever longer, up to the bound of its parser and beyond."""
    parser, number = PARSERS[name], 0
    lengths = {parser.longest, parser.longest - 1, MAX_HEAD_BYTES}
    first: dict[Pump, float] = {}
    for pump in pumps(parser):
        first[pump] = max(timed(parser, pump.filled(length))[1] for length in lengths)
        number += len(lengths)
    assert max(first.values()) < SLOW_SECONDS
    slowest = sorted(first, key=lambda pump: first[pump])[-LOOKED_AT:]
    seconds = [seconds_of_longest(parser, pump) for pump in slowest]
    beyond = max(least(parser, pump, MAX_HEAD_BYTES) for pump in slowest)
    assert beyond < SECONDS_A_BYTE * MAX_HEAD_BYTES
    proof.row(
        "attack-long",
        parser=name,
        inputs=number,
        longest_that_is_read=f"{parser.longest} bytes",
        slowest=f"{max(seconds) * 1000:.2f} ms",
    )


@pytest.mark.usefixtures("_no_garbage")
def test_growth_shows() -> None:
    """A parser that compares each byte with each other one would not pass, even at 1 kB."""

    def squared(data: bytes) -> bool:
        return any(one == -other for one in data for other in data)

    def linear(data: bytes) -> bool:
        return any(one == -other for one in data for other in data[:20])

    pump = Pump(b"x", b"", b"")
    assert seconds_of_longest(Parser(linear, (), (), 1024), pump)
    with pytest.raises(AssertionError):
        seconds_of_longest(Parser(squared, (), (), 1024), pump)


@pytest.mark.skipif(not IS_WHOLE, reason="TAKES TWO MINUTES: `make proof` fuzzes with atheris")
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason=NO_ATHERIS)
@pytest.mark.parametrize("name", PARSERS)
def test_fuzzing(name: str, tmp_path: Path, proof: Record) -> None:
    """So it is for what libFuzzer makes up, which looks for new ways through the code."""
    seconds = FUZZING_SECONDS // len(PARSERS)
    program = (sys.executable, "-m", "tests.proof.attacks.fuzzing")
    ended = subprocess.run(
        [*program, name, str(tmp_path), str(seconds)], cwd=tmp_path, env=environment(),
        capture_output=True, text=True, timeout=60 + seconds, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]
    runs = re.search(r"stat::number_of_executed_units:\s+(\d+)", ended.stderr)
    reached = re.findall(r"\bft: (\d+)", ended.stderr)
    accepted = re.findall(r"^accepted (\d+)$", ended.stdout, re.MULTILINE)
    assert runs
    assert int(runs[1]) > 100
    assert accepted
    assert int(accepted[-1]) > len(PARSERS[name].seeds), "nothing made up got behind the door"
    proof.row(
        "attack-fuzzing",
        parser=name,
        inputs=runs[1],
        features_reached=reached[-1] if reached else "",
        accepted=f"{accepted[-1]} or more",
    )
