"""Whether the generator did what it was to do."""

from collections.abc import Sequence
from itertools import pairwise

from loadtests.overload.figures import percentile
from loadtests.verdict.latency import due_between
from loadtests.verdict.objectives import Objectives
from loadtests.verdict.recording import Recording
from loadtests.verdict.records import Sample, Tick
from loadtests.verdict.run import Phase

HOT_TICKS = 5
"""Seconds running."""
SILENT_SECONDS = 5.0
_P95 = 95.0
_LATE_SHARE = 0.5
"""Of the objective: a generator that is later than this makes a figure of its own lateness."""


def hot_s(ticks: Sequence[Tick], limit: float) -> int:
    """Return the seconds of the longest row of ticks whose busiest process used over `limit` of a core."""
    return _longest_row([tick.cpu > limit for tick in ticks])


def late_s(ticks: Sequence[Tick], limit_s: float) -> int:
    """Return the longest row of seconds in which, by its own word, it and not the target was late by over `limit_s`."""
    return _longest_row([tick.late_by == "generator" and tick.lag_s > limit_s for tick in ticks])


def _longest_row(held: Sequence[bool]) -> int:
    longest = current = 0
    for one in held:
        current = current + 1 if one else 0
        longest = max(longest, current)
    return longest


def silent_s(ticks: Sequence[Tick]) -> float:
    """Return the longest time between two ticks: a process that gets no time cannot note its own use of it."""
    return max((then.at - now.at for now, then in pairwise(ticks)), default=0.0)


def sent_share(ticks: Sequence[Tick]) -> float | None:
    """Return what was sent as a share of what was wanted; None: nothing was."""
    wanted = sum(tick.wanted_rps for tick in ticks)
    return sum(tick.sent_rps for tick in ticks) / wanted if wanted else None


def complaints(recording: Recording, objectives: Objectives) -> list[str]:
    """Return what shows that the generator, not the target, was the limit."""
    ticks, told = recording.ticks, []
    if (hot := hot_s(ticks, objectives.generator_cpu)) >= HOT_TICKS:
        told.append(f"it used over {objectives.generator_cpu:.0%} of a core for {hot} s running")
    if (late := late_s(ticks, _LATE_SHARE * objectives.p95_ms / 1000)) >= HOT_TICKS:
        told.append(f"it was late by its own fault for {late} s running")
    if (silent := silent_s(ticks)) > SILENT_SECONDS:
        told.append(f"it did not get to note its own load for {silent:.0f} s")
    for phase in recording.run.phases:
        told += _late(phase, recording, objectives)
    return told


def _late(phase: Phase, recording: Recording, objectives: Objectives) -> list[str]:
    """Say when a phase's requests went out late, or not at all, though those that went out were answered in time."""
    samples = due_between(recording.samples, phase.begin, phase.end)
    if not samples or _slow_target(samples, objectives.p95_ms):
        return []
    share = sent_share([tick for tick in recording.ticks if phase.begin < tick.at <= phase.end])
    late = percentile(sorted(1000 * (sample.began - sample.due) for sample in samples), _P95) or 0.0
    told = []
    if share is not None and share < objectives.generator_sent:
        told.append(f"it sent {share:.1%} of what was due in phase {phase.name}, though the target answered in time")
    if late > _LATE_SHARE * objectives.p95_ms:
        told.append(f"it sent {late:.0f} ms late in phase {phase.name} (p95), though the target answered in time")
    return told


def _slow_target(samples: Sequence[Sample], limit_ms: float) -> bool:
    """Tell whether the target kept the generator waiting: p95 from sending to the end of the answer, of any outcome."""
    took = sorted(1000 * (sample.done - sample.began) for sample in samples)
    return (percentile(took, _P95) or 0.0) > limit_ms
