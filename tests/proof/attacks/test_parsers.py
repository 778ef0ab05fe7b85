"""Nothing that a stranger sends gets more out of a parser than its documented exceptions."""

import importlib.util
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.processes import environment
from tests.proof.attacks.parsers import PARSERS, Parser
from tests.proof.record import IS_WHOLE, Record, scaled

EXAMPLES = scaled(40, 600)

FUZZING_SECONDS = 120
"""For all parsers together."""

SLOW_SECONDS = 0.25
"""Of processor time for one input of 32 kB, or a MB for NASA's; reading one takes a few ms."""

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


def pumped(parser: Parser) -> Iterator[bytes]:
    """Make the longest inputs, of one piece repeated behind a beginning."""
    characters = [bytes([one]) for one in range(0, 256, scaled(16, 1))]
    beginnings = {seed[:cut] for seed in parser.seeds for cut in (0, len(seed) // 2, len(seed))}
    for unit in (*parser.words, *characters, *parser.seeds):
        for beginning in sorted(beginnings)[:: scaled(3, 1)]:
            number = (parser.most_bytes - len(beginning)) // len(unit)
            yield beginning + unit * number
            yield beginning + unit * number + b"\x00"


@pytest.mark.parametrize("name", PARSERS)
def test_long(name: str, proof: Record) -> None:
    """No input takes long, whatever is repeated in it as often as there is room."""
    slowest, number = 0.0, 0
    for data in pumped(PARSERS[name]):
        seconds = timed(PARSERS[name], data)[1]
        slowest, number = max(slowest, seconds), number + 1
        assert seconds < SLOW_SECONDS, data[:80]
    proof.row(
        "attack-long",
        parser=name,
        inputs=number,
        bytes=PARSERS[name].most_bytes,
        slowest=f"{slowest * 1000:.1f} ms",
    )


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
    proof.row(
        "attack-fuzzing",
        parser=name,
        inputs=runs[1],
        features_reached=reached[-1] if reached else "",
        accepted=f"over {accepted[-1]}" if accepted else 0,
    )
