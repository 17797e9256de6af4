"""Draws a run: load, replicas, latency, and what went wrong, on one axis of time."""

from pathlib import Path
from textwrap import shorten

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from loadtests.verdict import panels
from loadtests.verdict.finding import Verdict
from loadtests.verdict.judge import Judgement
from loadtests.verdict.recording import Recording

_COLOURS = {Verdict.PASS: "#1e8449", Verdict.FAIL: "#c0392b", Verdict.INVALID: "#6c3483"}
_SHOWN_FINDINGS = 6
_LINE = 160


def draw(recording: Recording, judgement: Judgement, path: Path) -> None:
    """Write the picture; its format follows from the path's suffix."""
    picture = Picture(figsize=(14, 10), layout="constrained")
    load, replicas, latency, failed = picture.subplots(4, 1, sharex=True, height_ratios=(2, 3, 3, 2))
    panels.draw_load(load, recording)
    panels.draw_replicas(replicas, recording)
    panels.draw_latency(latency, recording, judgement.objectives)
    panels.draw_failed(failed, recording)
    for axes in (load, replicas, latency, failed):
        _mark_phases(axes, recording)
    failed.set_xlabel("seconds from the start of the run")
    picture.suptitle(_title(recording, judgement), color=_COLOURS[judgement.verdict], fontsize=11)
    software = {"Software": None} if path.suffix == ".png" else {"Date": None}
    picture.savefig(path, metadata=software)


def _title(recording: Recording, judgement: Judgement) -> str:
    run, findings = recording.run, judgement.findings
    first = f"{judgement.verdict}: {run.shape}, {run.scenario or 'no scenario'}{', pinned' if run.pinned else ''}"
    lines = [shorten(f"{finding.kind}: {finding.text}", _LINE) for finding in findings[:_SHOWN_FINDINGS]]
    if len(findings) > _SHOWN_FINDINGS:
        lines.append(f"... and {len(findings) - _SHOWN_FINDINGS} more")
    return "\n".join([first, *lines])


def _mark_phases(axes: Axes, recording: Recording) -> None:
    run = recording.run
    for phase in run.phases:
        axes.axvline(phase.begin - run.started, color="#bdc3c7", linewidth=0.8, zorder=0)
    axes.set_ylim(bottom=axes.get_ylim()[0] if axes.get_yscale() == "log" else 0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
