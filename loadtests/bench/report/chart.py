"""Horizontal bars: a panel for each case, a bar for each system."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtests.bench.kind import Kind
from loadtests.bench.report.labels import name
from loadtests.bench.report.style import INK, QUIET, SMALL, clean, colour, picture

_ROW, _MARGIN, _WIDTH = 0.25, 0.5, 9.0
"""Inches."""


@dataclass(frozen=True, slots=True)
class Row:
    """A bar, what is written at its end, and where the slices' least and largest lie."""

    system: str
    kind: Kind
    value: float
    label: str
    ends: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Panel:
    """The bars of a case, from above."""

    title: str
    rows: Sequence[Row]


def bars(title: str, below: str, panels: Sequence[Panel], line: float) -> Figure:
    """Return a picture; a dashed line marks the limit in every panel."""
    heights = [_ROW * len(panel.rows) + _MARGIN for panel in panels]
    drawn = picture(title, _WIDTH, sum(heights) + 2 * _MARGIN)
    columns = drawn.subplots(len(panels), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for axes, panel in zip(columns, panels, strict=True):
        _draw(axes, panel)
        axes.axvline(line, color=QUIET, linewidth=1, linestyle=(0, (4, 3)))
    longest = max(max(row.value, row.ends[1]) for panel in panels for row in panel.rows)
    columns[-1].set_xlim(0, 1.12 * max(longest, line))
    drawn.supxlabel(below, fontsize=SMALL, color=QUIET)
    return drawn


def _draw(axes: Axes, panel: Panel) -> None:
    places = range(len(panel.rows))
    colours = [colour(row.system, row.kind) for row in panel.rows]
    axes.barh(places, [row.value for row in panel.rows], 0.66, color=colours)
    axes.set_yticks(places, [name(row.system, row.kind) for row in panel.rows])
    axes.invert_yaxis()
    for place, row in zip(places, panel.rows, strict=True):
        axes.plot(row.ends, (place, place), color=INK, linewidth=1)
        end = (max(row.value, row.ends[1]), place)
        axes.annotate(row.label, end, (5, 0), textcoords="offset points", va="center", fontsize=SMALL, color=QUIET)
    clean(axes, panel.title)
    axes.grid(visible=False, axis="y")
    axes.get_yticklabels()[_first(panel)].set_fontweight("bold")


def _first(panel: Panel) -> int:
    return next((place for place, row in enumerate(panel.rows) if row.system == "slipway"), 0)
