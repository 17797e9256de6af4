"""Draws a trace as a waterfall.

`python -m monitoring.traces.picture http://localhost:16686/api/traces/ID docs/images/trace.png` asks Jaeger for it; the
address may also be the path of a file with Jaeger's answer. The suffix of the picture is its format.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from monitoring.traces.trace import Row, Step, rows, steps

_COLOURS = ("#2471a3", "#d68910", "#1e8449", "#6c3483", "#616a6b")
_FAILED = "#c0392b"
_MOST_ALIKE = 3
_ROW_INCHES = 0.26
_NARROWEST = 0.002
"""Share of the width: what takes no time is seen as well."""
_SECOND = 1.0
_MILLISECOND = 0.001


def read(source: str) -> Any:
    """Return Jaeger's answer, from its address or from a file.

    Raises:
        httpx.HTTPError: Jaeger does not answer, or knows no such trace.
    """
    if not source.startswith(("http://", "https://")):
        return json.loads(Path(source).read_text("utf-8"))
    return httpx.get(source, timeout=10).raise_for_status().json()


def draw(found: Sequence[Step], path: Path) -> None:
    """Write the picture of a trace."""
    shown = rows(found, _MOST_ALIKE)
    figure = Figure(figsize=(13, 1.2 + _ROW_INCHES * len(shown)), layout="constrained")
    axes = figure.subplots()
    services = list(dict.fromkeys(step.service for step in found))
    width = max(step.began + step.seconds for step in found)
    for line, row in enumerate(shown):
        _draw_row(axes, line, row, width, _COLOURS[services.index(row.step.service) % len(_COLOURS)])
    _label(axes, shown, width)
    handles = [axes.barh(0, 0, color=_COLOURS[number % len(_COLOURS)]) for number, _ in enumerate(services)]
    axes.legend(handles, services, loc="upper right", frameon=False)
    figure.savefig(path, dpi=110, metadata={"Software": None} if path.suffix == ".png" else {"Date": None})


def _draw_row(axes: Axes, line: int, row: Row, width: float, colour: str) -> None:
    step = row.step
    axes.barh(
        line,
        max(step.seconds, _NARROWEST * width),
        left=step.began,
        height=0.6,
        color=colour,
        edgecolor=_FAILED if step.failed else colour,
        hatch="////" if step.failed else None,
    )
    axes.text(step.began + step.seconds + 0.006 * width, line, _duration(step.seconds), va="center", fontsize=7)


def _label(axes: Axes, shown: Sequence[Row], width: float) -> None:
    axes.set_yticks(range(len(shown)), [_name(row) for row in shown], fontsize=8, family="monospace")
    for label in axes.get_yticklabels():
        label.set_horizontalalignment("left")
    longest = max(len(_name(row)) for row in shown)
    axes.tick_params(axis="y", pad=longest * 5, length=0)
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(0, width * 1.1)
    axes.set_xlabel("seconds since the trace began")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _name(row: Row) -> str:
    more = f"  (and {row.folded} more)" if row.folded > 0 else ""
    return "  " * row.depth + row.step.name + more


def _duration(seconds: float) -> str:
    if seconds >= _SECOND:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.1f} ms" if seconds >= _MILLISECOND else f"{seconds * 1e6:.0f} µs"


if __name__ == "__main__":
    draw(steps(read(sys.argv[1])), Path(sys.argv[2]))
