"""The plot in `docs/performance.md`; the same figures give the same bytes."""

import statistics
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.targets import Figures, Verdict, verdicts

# Okabe and Ito's colours, which those who see few colours can tell apart.
BLUE, ORANGE, GREY, BLACK = "#0072B2", "#D55E00", "#999999", "#222222"

RATES = {
    "haproxy": "HAProxy, one thread",
    "bare": "bare ASGI",
    "hello": "FastAPI with jwt.decode",
    "two_workers": "hits, two workers",
    "hits": "hits",
    "gzip": "hits, gzip",
    "not_modified": "304",
    "devices": "10,000 devices",
    "first_sight": "first sight of a token",
    "refused": "refusals",
    "range": "100 days",
}
PEERS = {"haproxy", "bare", "hello"}


def draw(figures: Figures, path: Path) -> None:
    """Write the plot as SVG."""
    with mpl.rc_context({"svg.hashsalt": "performance", "svg.fonttype": "none", "font.size": 10}):
        figure = Figure(figsize=(13, 5), layout="constrained")
        left, right = figure.subplots(1, 2)
        _rates(left, figures)
        _targets(right, [one for one in verdicts(figures) if one.is_met is not None])
        figure.savefig(path, format="svg", metadata={"Date": None})


def _rates(axes: Axes, figures: Figures) -> None:
    """Draw a bar for each median, and a dot for each round."""
    names = [name for name in RATES if name in figures]
    for place, name in enumerate(names):
        values = list(figures[name])
        color = GREY if name in PEERS else BLUE
        axes.barh(place, statistics.median(values), color=color, alpha=0.6)
        axes.plot(values, [place] * len(values), ".", color=BLACK, markersize=4)
    axes.set_yticks(range(len(names)), [RATES[name] for name in names])
    axes.invert_yaxis()
    axes.set(title="Requests a second; the peers in grey", xlim=(0, None))
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(visible=True, axis="x", alpha=0.3)


def _targets(axes: Axes, judged: list[Verdict]) -> None:
    """Draw for each target how far on its good side the value is."""
    for place, one in enumerate(judged):
        share = one.row.share(one.value)
        axes.barh(place, share - 1, left=1, color=BLUE if one.is_met else ORANGE, alpha=0.8)
        axes.annotate(
            one.row.shown(one.value),
            (share, place),
            xytext=(4 if share >= 1 else -4, 0),
            textcoords="offset points",
            ha="left" if share >= 1 else "right",
            va="center",
        )
    axes.set_xscale("log", base=2)
    titles = [f"{one.row.title} {one.row.target}".replace("`", "") for one in judged]
    axes.set_yticks(range(len(judged)), titles)
    axes.invert_yaxis()
    axes.axvline(1, color=BLACK, linewidth=1)
    axes.set(title="Times as good as the target; orange: missed")
    axes.margins(x=0.3)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.grid(visible=True, axis="x", alpha=0.3)
