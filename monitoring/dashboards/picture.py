"""`python -m monitoring.dashboards.picture`: draw panels from a running Prometheus into one image.

It is for documents: the same queries and limits as in Grafana, without a browser. Times are minutes before now; legends
are cut short, and only lines are drawn.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monitoring.dashboards.boards import BOARDS
from monitoring.dashboards.extraction import filled
from monitoring.dashboards.limits import Limits
from monitoring.dashboards.panel import Kind, Panel
from monitoring.dashboards.prometheus import Prometheus, Series

_VARIABLES = {"__rate_interval": "40s", "workload": ".*"}
_COLUMNS = 3
_WIDTH, _HEIGHT = 5.0, 2.9
_MOST_SERIES = 8
_BACKGROUND, _PAPER, _INK = "#111217", "#181b1f", "#ccccdc"
_COLOURS = {"orange": "#ff9830", "red": "#f2495c", "green": "#73bf69"}


def draw(panels: Sequence[Panel], prometheus: Prometheus, seconds: float, path: Path) -> None:
    """Draw the panels over the last so many seconds, three in a row."""
    rows = -(-len(panels) // _COLUMNS)
    figure = Figure(figsize=(_COLUMNS * _WIDTH, rows * _HEIGHT), facecolor=_BACKGROUND, layout="constrained")
    for number, panel in enumerate(panels, start=1):
        _panel(figure.add_subplot(rows, _COLUMNS, number), panel, prometheus, seconds)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)


def lines(uids: Sequence[str]) -> list[Panel]:
    """Return the panels of these dashboards that are lines over time."""
    return [panel for board in BOARDS if board.uid in uids for panel in board.panels if panel.kind is Kind.LINES]


def _panel(axes: Axes, panel: Panel, prometheus: Prometheus, seconds: float) -> None:
    axes.set_title(panel.title, color=_INK, fontsize=10, loc="left")
    axes.set_facecolor(_PAPER)
    axes.tick_params(colors=_INK, labelsize=7)
    axes.grid(color=_INK, alpha=0.12)
    for query in panel.queries:
        for series in prometheus.series(filled(query.expression, _VARIABLES), seconds)[:_MOST_SERIES]:
            _line(axes, series, query.legend, time.time())
    _limits(axes, panel.limits)
    axes.set_ylim(bottom=0)
    axes.set_xlim(-seconds / 60, 0)
    if axes.lines:
        axes.legend(fontsize=6, labelcolor=_INK, facecolor=_PAPER, edgecolor=_PAPER, loc="upper left")


def _line(axes: Axes, series: Series, legend: str, end: float) -> None:
    for label, value in series.labels.items():
        legend = legend.replace(f"{{{{{label}}}}}", value)
    minutes = [(moment - end) / 60 for moment, _ in series.samples]
    axes.plot(minutes, [value for _, value in series.samples], linewidth=1.2, label=shorten(legend, 32))


def _limits(axes: Axes, limits: Limits) -> None:
    """Draw the limits that are near what is shown; far ones would flatten it."""
    top = axes.get_ylim()[1]
    for value, colour in limits.steps:
        if value <= 2 * top:
            axes.axhline(value, color=_COLOURS[colour], linestyle="--", linewidth=0.8)


def main() -> None:
    """Draw what the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m monitoring.dashboards.picture", description=__doc__)
    parser.add_argument("--prometheus", default="http://127.0.0.1:9090", help="where Prometheus answers")
    parser.add_argument("--window", type=float, default=900, help="seconds to look back (default 900)")
    parser.add_argument("--dashboards", nargs="+", default=["slipway-overview"], metavar="UID")
    parser.add_argument("--to", type=Path, default=Path("docs/images/dashboards.png"))
    options = parser.parse_args()
    draw(lines(options.dashboards), Prometheus(options.prometheus), options.window, options.to)


if __name__ == "__main__":
    main()
