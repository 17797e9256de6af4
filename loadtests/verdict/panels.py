"""The panels of the picture; each draws one thing over seconds from the start of the run."""

import math
from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from loadtests.verdict.latency import due_between, quantile_ms
from loadtests.verdict.objectives import Objectives
from loadtests.verdict.recording import Recording
from loadtests.verdict.records import Sample
from loadtests.verdict.removals import removals

_BLUE, _ORANGE, _RED, _GREY, _GREEN, _VIOLET = "#2471a3", "#d68910", "#c0392b", "#7f8c8d", "#1e8449", "#6c3483"
_WINDOW_SECONDS = 5
_P50, _P95 = 50, 95


def draw_load(axes: Axes, recording: Recording) -> None:
    """Draw what was wanted and what was sent, and what one pod takes."""
    start, ticks = recording.run.started, recording.ticks
    times = [tick.at - start for tick in ticks]
    axes.plot(times, [tick.wanted_rps for tick in ticks], color=_GREY, linewidth=2.5, alpha=0.5, label="wanted")
    axes.plot(times, [tick.sent_rps for tick in ticks], color=_BLUE, linewidth=1, label="sent")
    if recording.run.capacity_rps:
        axes.axhline(recording.run.capacity_rps, color=_GREEN, linestyle=":", label="capacity of one pod")
    series = [one for one in recording.measured if one.name == "in_flight"]
    if series:
        label = "in flight (Prometheus)"
        axes.plot([one.at - start for one in series], [one.value for one in series], color=_VIOLET, label=label)
    for phase in recording.run.phases:
        axes.annotate(
            phase.name,
            (phase.begin - start, 1),
            xycoords=("data", "axes fraction"),
            fontsize=8,
            xytext=(3, 3),
            textcoords="offset points",
        )
    axes.set_ylabel("requests a second")
    _legend(axes)


def draw_replicas(axes: Axes, recording: Recording) -> None:
    """Draw wanted and ready replicas, and each pod's end as a bar."""
    run, looks = recording.run, recording.deployments
    times = [look.at - run.started for look in looks]
    axes.step(times, [look.desired for look in looks], where="post", color=_ORANGE, label="wanted")
    axes.step(times, [look.ready for look in looks], where="post", color=_BLUE, linewidth=2, label="ready")
    ended = removals(recording.pods, run.started, run.ended or run.end)
    for number, one in enumerate(ended):
        label = "a pod ends" if number == 0 else None
        axes.axvspan(one.begin - run.started, one.end - run.started, color=_RED, alpha=0.12, linewidth=0, label=label)
        axes.axvline(one.begin - run.started, ymax=0.08, color=_RED, linewidth=1.5)
    axes.set_ylabel(f"replicas of {run.judged}")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(axes)


def draw_latency(axes: Axes, recording: Recording, objectives: Objectives) -> None:
    """Draw p50 and p95 of every five seconds, and the objective.

    A request without an answer has no time: a line breaks where too many have none, and for p95 that is shaded.
    """
    starts, start = _starts(recording), recording.run.started
    for percent, colour in ((_P50, _BLUE), (_P95, _ORANGE)):
        found = [_quantile(recording.samples, at, percent) for at in starts]
        axes.plot([at - start for at in starts], found, color=colour, label=f"p{percent}")
    unanswered = [at for at in starts if _quantile(recording.samples, at, _P95) == math.inf]
    spans = [(at - start, _WINDOW_SECONDS) for at in unanswered]
    label = "over 5 % without an answer"
    axes.broken_barh(
        spans, (0, 1), transform=axes.get_xaxis_transform(), color=_RED, alpha=0.12, linewidth=0, label=label
    )
    axes.axhline(objectives.p95_ms, color=_RED, linestyle="--", label="objective for p95")
    axes.set_yscale("log", subs=[2, 5])
    for axis_format in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        axis_format("{x:g}")
    axes.set_ylabel("ms from when it was due")
    _legend(axes)


def draw_failed(axes: Axes, recording: Recording) -> None:
    """Draw errors and refusals, in every five seconds."""
    starts = _starts(recording)
    times = [at - recording.run.started for at in starts]
    counts = [Counter(one.outcome for one in due_between(recording.samples, at, at + _WINDOW_SECONDS)) for at in starts]
    refused = [count["refused"] for count in counts]
    axes.bar(times, refused, _WINDOW_SECONDS, align="edge", color=_ORANGE, label="refused, with Retry-After")
    errors = [count["error"] for count in counts]
    axes.bar(times, errors, _WINDOW_SECONDS, refused, align="edge", color=_RED, label="failed")
    axes.set_ylim(0, max([1, *(sum(both) for both in zip(refused, errors, strict=True))]) * 1.1)
    axes.set_ylabel(f"requests in {_WINDOW_SECONDS} s")
    _legend(axes)


def _starts(recording: Recording) -> list[float]:
    if not recording.samples:
        return []
    first, last = recording.run.started, recording.samples[-1].due
    return [first + _WINDOW_SECONDS * number for number in range(max(0, int((last - first) / _WINDOW_SECONDS)) + 1)]


def _quantile(samples: Sequence[Sample], at: float, percent: float) -> float:
    found = quantile_ms(due_between(samples, at, at + _WINDOW_SECONDS), percent)
    return math.nan if found is None else found


def _legend(axes: Axes) -> None:
    axes.legend(loc="lower right", bbox_to_anchor=(1, 0.98), frameon=False, fontsize=8, ncols=4)
