"""Latency as load grows: a panel for each percentile, a line for each system, times on a log scale."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from loadtests.bench.report.labels import name
from loadtests.bench.report.material import SLIPWAY
from loadtests.bench.report.style import QUIET, SMALL, clean, colour, picture
from loadtests.bench.report.summary import Summary

_PERCENTILES = ("p50_ms", "p95_ms", "p99_ms")


def curves(title: str, below: str, systems: Mapping[str, Sequence[Summary]]) -> Figure:
    """Return a picture of each system's points."""
    drawn = picture(title, 11, 4.6)
    panels = drawn.subplots(1, len(_PERCENTILES), sharey=True)
    for axes, percentile in zip(panels, _PERCENTILES, strict=True):
        for system, points in systems.items():
            _line(axes, system, points, percentile)
        axes.set_yscale("log")
        clean(axes, percentile.removesuffix("_ms"))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda ms, _: f"{ms:,g} ms"))
    panels[len(panels) // 2].set_xlabel(below, fontsize=SMALL, color=QUIET)
    handles, names = panels[0].get_legend_handles_labels()
    drawn.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=SMALL, frameon=False)
    return drawn


def _line(axes: Axes, system: str, points: Sequence[Summary], percentile: str) -> None:
    ours = system == SLIPWAY
    axes.plot(
        [point.offered or 0.0 for point in points],
        [getattr(point, percentile) for point in points],
        color=colour(system),
        label=name(system),
        marker="o",
        markersize=4 if ours else 3,
        linewidth=2.4 if ours else 1.4,
        zorder=3 if ours else 2,
    )
