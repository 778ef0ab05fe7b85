"""The plot in `docs/capacity.md`; the same figures give the same bytes."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures import Figures

QUOTA_AN_HOUR = 1000
"""What NASA grants to a registered key."""

# Okabe and Ito's colours, which those who see few colours can tell apart; the markers differ too.
BLUE, ORANGE, GREEN, PURPLE, GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#555555"


def draw(by_size: Sequence[Figures], by_processes: Sequence[Figures], path: Path) -> None:
    """Write the plot as SVG."""
    with mpl.rc_context({"svg.hashsalt": "capacity", "svg.fonttype": "none", "font.size": 10}):
        figure = Figure(figsize=(15, 4.6), layout="constrained")
        left, middle, right = figure.subplots(1, 3, width_ratios=(3, 2, 2))
        _sizes(left, by_size)
        _peaks(middle, by_size)
        _processes(right, by_processes)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _sizes(axes: Axes, fleets: Sequence[Figures]) -> None:
    openings = [one.openings for one in fleets]
    lines = (
        ("requests", GREY, "^", [one.requests for one in fleets]),
        ("Redis operations", GREEN, "s", [one.redis_operations for one in fleets]),
        ("NASA calls without Redis", ORANGE, "v", [one.calls_alone for one in fleets]),
        ("NASA calls", BLUE, "o", [one.calls for one in fleets]),
    )
    for label, color, marker, values in lines:
        axes.loglog(openings, values, color=color, marker=marker, label=label)
    _finish(axes, "A day, by openings of the app", "openings of the app a day")


def _peaks(axes: Axes, fleets: Sequence[Figures]) -> None:
    openings = [one.openings for one in fleets]
    peaks = [one.peak_requests for one in fleets]
    axes.loglog(openings, peaks, color=GREY, marker="^", label="requests a second")
    processes = [one.processes for one in fleets]
    axes.loglog(openings, processes, color=BLUE, marker="D", label="processes")
    axes.set(title="At the peak", xlabel="openings of the app a day", ylim=(0.7, None))
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize=9)


def _processes(axes: Axes, fleets: Sequence[Figures]) -> None:
    processes = [one.processes for one in fleets]
    alone = [one.calls_alone for one in fleets]
    axes.loglog(processes, alone, color=ORANGE, marker="v", label="NASA calls without Redis")
    calls = [one.calls for one in fleets]
    axes.loglog(processes, calls, color=BLUE, marker="o", label="NASA calls")
    axes.set_xticks(processes, [str(count) for count in processes])
    axes.minorticks_off()
    _finish(axes, "A day, by processes, 1 million openings a day", "processes")


def _finish(axes: Axes, title: str, label: str) -> None:
    quota = 24 * QUOTA_AN_HOUR
    axes.axhline(quota, color=PURPLE, linestyle="--", label="NASA's quota for one key")
    axes.set(title=title, xlabel=label, ylim=(100, None))
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize=9)
