"""Draws the timeline of a run: faults above, throughput and backlog below."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chaos.faults import Injected
from chaos.report import Outcome
from chaos.schedule import Kind
from chaos.watch import Sample

_HIT, _MISSED = "#c0392b", "#bdc3c7"
_RATE, _BACKLOG = "#2471a3", "#d68910"
_CARRIED = {Kind.SLOW_CALL, Kind.HANGING_CALL, Kind.POISON}
_SMOOTH_SECONDS = 5


def draw(outcome: Outcome, path: Path) -> None:
    """Write the picture; its format follows from the path's suffix."""
    figure = Figure(figsize=(14, 8), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2, 3))
    _draw_faults(above, outcome)
    _draw_queue(below, outcome.samples, outcome.start)
    found = outcome.findings
    figure.suptitle(
        f"seed {outcome.options.seed}: {found.accepted:,} accepted, {found.lost} lost, {found.duplicated} answered "
        f"twice, {found.dead} dead of {found.poison} poisoned; {'passed' if outcome.passed else 'NOT PASSED'}"
    )
    figure.savefig(path)


def _draw_faults(axes: Axes, outcome: Outcome) -> None:
    kinds = [kind for kind in Kind if kind not in _CARRIED]
    for row, kind in enumerate(kinds):
        _draw_row(axes, row, [done for done in outcome.injected if done.kind is kind], outcome.start)
    axes.set_yticks(range(len(kinds)), kinds)
    axes.invert_yaxis()
    axes.set_title("faults: red hit a running chunk, grey did not", fontsize=10)


def _draw_row(axes: Axes, row: int, injected: Sequence[Injected], start: float) -> None:
    for done in injected:
        colour, at = _HIT if done.hit else _MISSED, done.at - start
        axes.barh(row, done.until - done.at, left=at, height=0.4, color=colour, alpha=0.4)
        axes.plot([at, at], [row - 0.35, row + 0.35], color=colour, linewidth=1.5)


def _draw_queue(axes: Axes, samples: Sequence[Sample], start: float) -> None:
    times = [sample.at - start for sample in samples]
    axes.plot(times, [_rate(samples, index) for index in range(len(samples))], color=_RATE)
    axes.set_ylabel(f"answers a second, over {_SMOOTH_SECONDS} s", color=_RATE)
    axes.set_xlabel("seconds from the start of the traffic")
    backlog = axes.twinx()
    backlog.plot(times, [sample.backlog for sample in samples], color=_BACKLOG)
    backlog.set_ylabel("backlog, messages", color=_BACKLOG)


def _rate(samples: Sequence[Sample], index: int) -> float:
    first, last = samples[max(0, index - _SMOOTH_SECONDS)], samples[index]
    return (last.written - first.written) / max(last.at - first.at, 1.0)
