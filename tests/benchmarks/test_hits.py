import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import hits, report, targets
from benchmarks.load import CONNECTIONS, Run, WrongAnswerError, check, parse
from benchmarks.performance_plot import draw
from benchmarks.report import Report
from benchmarks.targets import HEADINGS, ROWS, Row, left_out, verdicts
from tests.benchmarks.test_hits_peers import reply
from tests.processes import ROOT

DOCS = ROOT / "docs"

PRINTED = """Running 1s test @ http://127.0.0.1:8080/
  1000 requests in 2.00s, 1.00MB read
Non-2xx or 3xx responses: 3

{"requests":1000,"microseconds":2000000,"bytes":1000000,"refused":3,"broken":0,"p99_microseconds":7500}
"""

MEASURED = {
    "bare": [100.0, 200.0, 400.0],
    "hits": [90.0, 100.0, 380.0],
    "memory_mb": [130.0],
    "cold_ms": [1.0, 2.0, 9.0],
}

DOCUMENT = f"""# Performance

Measured on some day.

| {" | ".join(HEADINGS)} |
|---|---:|---:|---|
| old | 1 | 2 | yes |

| another | table |
|---|---|
"""

RUN = Run(
    requests=1000, microseconds=10**6, bytes=10**6, refused=0, broken=0, p99_microseconds=9000
)


def told(figures: Mapping[str, Sequence[float]]) -> Report:
    """Make a report."""
    machine = {"cpu": "Some CPU", "cores": "2", "python": "3.11.2", "uvicorn": "0.54.0"}
    return Report(machine={**machine, "date": "2026-11-24"}, seconds=3, rounds=3, figures=figures)


def test_parse() -> None:
    """What the script prints last is read, after all that wrk says."""
    run = parse(PRINTED)
    assert (run.rate, run.p99_milliseconds, run.refused) == (500, 7.5, 3)


@pytest.mark.parametrize("status", [200, 304, 401])
def test_check(status: int) -> None:
    """Answers that are as they should be count; up to one a connection may be incomplete."""
    refused = RUN.requests if status >= 400 else 0
    for more in (0, CONNECTIONS * 1000):
        run = replace(RUN, refused=refused, bytes=RUN.bytes + more)
        check(run, reply(status, size=1000), status)


@pytest.mark.parametrize(
    ("run", "status"),
    [
        pytest.param(replace(RUN, refused=1), 200, id="one refused"),
        pytest.param(replace(RUN, refused=999), 401, id="one let through"),
        pytest.param(replace(RUN, broken=1), 200, id="a connection broke"),
        pytest.param(replace(RUN, requests=0, bytes=0), 200, id="nothing came"),
        pytest.param(replace(RUN, bytes=400_000), 200, id="too short"),
        pytest.param(replace(RUN, bytes=2_000_000), 200, id="too long"),
    ],
)
def test_check_fails(run: Run, status: int) -> None:
    """One wrong answer fails the whole measurement."""
    with pytest.raises(WrongAnswerError):
        check(run, reply(status, size=1000), status)


def test_check_of_the_probe() -> None:
    """The answer that all others are compared with has to be right itself."""
    with pytest.raises(WrongAnswerError):
        check(RUN, reply(200, size=1000), 304)


def test_median_of_ratios() -> None:
    """A ratio is taken in each round; of those, and of plain figures, the middle one counts."""
    measured = {one.row.title: one.value for one in verdicts(MEASURED)}
    assert measured == {
        "attested hits ÷ bare ASGI": 0.9,
        "cold date, beyond NASA's time": 2,
        "memory, whole archive held": 130,
        "attested hits": 100,
        "bare ASGI": 200,
    }


def test_left_out() -> None:
    """What was not measured is named, and is no failure."""
    named = {row.title for row in left_out(MEASURED)}
    assert "attested hits ÷ HAProxy, one thread" in named
    assert len(named) == len(ROWS) - len(verdicts(MEASURED))
    assert left_out({}) == list(ROWS)
    assert targets.is_well({})


@pytest.mark.parametrize(
    ("row", "value", "expected"),
    [
        (Row(title="", figure="", least=0.8), 0.8, ("≥ 0.80", True)),
        (Row(title="", figure="", least=0.8), 0.799, ("≥ 0.80", False)),
        (Row(title="", figure="", most=3, unit=" ms"), 3, ("≤ 3.00 ms", True)),
        (Row(title="", figure="", most=3, unit=" ms"), 3.001, ("≤ 3.00 ms", False)),
        (Row(title="", figure=""), 1, ("", None)),
    ],
)
def test_targets(row: Row, value: float, expected: tuple[str, bool | None]) -> None:
    """A target is met on its good side, the unrounded value decides, and some rows have none."""
    assert (row.target, row.is_met(value)) == expected
    assert (row.share(value) >= 1) == (row.is_met(value) is not False)


def test_is_well() -> None:
    """One missed target is enough for the exit status."""
    assert not targets.is_well(MEASURED)
    assert targets.is_well({**MEASURED, "memory_mb": [120.0]})


def test_table() -> None:
    """The document's table and its line on the circumstances are made anew, and nothing else."""
    renewed = report.with_table(DOCUMENT, told(MEASURED))
    assert "| attested hits ÷ bare ASGI | 0.90 | ≥ 0.80 | yes |\n" in renewed
    assert "| memory, whole archive held | 130 MB | ≤ 120 MB | NO |\n" in renewed
    assert "| old |" not in renewed
    assert "\nMeasured on 2026-11-24: Some CPU, 2 cores," in renewed
    assert renewed.endswith("| bare ASGI | 200/s |  |  |\n\n| another | table |\n|---|---|\n")
    assert report.with_table(renewed, told(MEASURED)) == renewed


def test_write(tmp_path: Path) -> None:
    """What is written can be read again, and the document and the plot follow from it."""
    (tmp_path / "performance.md").write_text(DOCUMENT)
    report.write(told({**MEASURED, "hits": [90.00049, 100.0, 380.0]}), tmp_path)
    kept = report.read(tmp_path / "performance.json")
    assert kept == told(MEASURED)
    document = (tmp_path / "performance.md").read_text()
    assert report.with_table(document, kept) == document != DOCUMENT
    assert (tmp_path / "performance.svg").read_text().startswith("<?xml")


def test_plot(tmp_path: Path) -> None:
    """The same figures give the same bytes, others do not, and any of them may be absent."""
    paths = [tmp_path / f"{number}.svg" for number in range(4)]
    more = {"range": [2000.0], "hello": [10.0, 11.0, 12.0], "memory_mb": [100.0]}
    for path, figures in zip(paths, (MEASURED, MEASURED, {**MEASURED, **more}, {}), strict=True):
        draw(figures, path)
    first, again, other, empty = (path.read_bytes() for path in paths)
    assert first == again
    assert len({first, other, empty}) == 3


def test_kept_report(tmp_path: Path) -> None:
    """The table and the plot in the repository are what the figures beside them say."""
    path, document = DOCS / "performance.json", DOCS / "performance.md"
    if not path.exists() or not document.exists():
        pytest.skip("nothing has been measured yet")
    kept = report.read(path)
    assert report.with_table(document.read_text(), kept) == document.read_text()
    assert kept.circumstances in document.read_text()
    draw(kept.figures, tmp_path / "performance.svg")
    assert (tmp_path / "performance.svg").read_bytes() == (DOCS / "performance.svg").read_bytes()


@pytest.mark.parametrize(("memory", "status"), [(100.0, 0), (121.0, 1)])
def test_main(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    memory: float,
    status: int,
) -> None:
    """The command prints the table, keeps the report, and its status tells of a missed target."""
    figures = {**MEASURED, "memory_mb": [memory]}
    monkeypatch.setattr(hits, "measure", lambda *_: figures)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert hits.main(["--quick", "--output", str(tmp_path)]) == status
    assert f"{memory:.0f} MB" in capsys.readouterr().out
    kept = json.loads((tmp_path / "performance.json").read_text())
    assert (kept["rounds"], kept["figures"]) == (1, figures)
    assert kept["machine"].keys() == {"cpu", "cores", "python", "uvicorn", "date"}
