"""What a run missed, figure by figure."""

import math
from collections.abc import Iterator

from loadtests.verdict.demand import Rise
from loadtests.verdict.figures import Figures
from loadtests.verdict.finding import Finding, Kind
from loadtests.verdict.latency import RELAPSE_SECONDS
from loadtests.verdict.objectives import Objectives
from loadtests.verdict.recording import Recording


def failures(recording: Recording, figures: Figures, objectives: Objectives) -> list[Finding]:
    """Return what speaks against a run; the order is that in which a person asks."""
    found = [finding for one in figures.rises for finding in _answered(one, recording, objectives)]
    found += [*_wave(recording, figures), *_latency(figures, objectives), *_shares(recording, figures, objectives)]
    return [*found, *_scaling(recording, figures, objectives)]


def _answered(one: Rise, recording: Recording, objectives: Objectives) -> Iterator[Finding]:
    """Judge a rise: whether it brought pods, in time, and the answers back in time.

    A rise that lasts for less than pods, or p95, may take is not judged by them: see `validity.too_short`.
    """
    if one.asks and one.seconds >= objectives.scale_up_s:
        yield from _pods(one, recording, objectives)
    limit = objectives.recovered_s
    if one.recovered_s is None and one.followed_s >= limit:
        text = f"After the rise to {one.phase}, p95 never came back within {objectives.p95_ms:g} ms."
        yield Finding(Kind.SCALED_LATE, text, None, limit)
    elif one.recovered_s is not None and one.recovered_s > limit:
        text = (
            f"p95 was back within {objectives.p95_ms:g} ms only {one.recovered_s:.0f} s after the rise to {one.phase}."
        )
        yield Finding(Kind.SCALED_LATE, text, one.recovered_s, limit)


def _pods(one: Rise, recording: Recording, objectives: Objectives) -> Iterator[Finding]:
    wanted, limit = f"{one.phase} needs {one.needed} pods", objectives.scale_up_s
    if one.most_ready <= one.ready_before:
        pinned = " The autoscaler was pinned." if recording.run.pinned else ""
        more = f" {one.most_desired} were wanted.{pinned}"
        text = f"{wanted}, but there were never more than the {one.ready_before} ready before the load rose:{more}"
        yield Finding(Kind.DID_NOT_SCALE, text, one.most_ready, one.needed)
    elif one.scale_up_s is None:
        text = f"{wanted}, but no more than {one.most_ready} were ever ready: {one.most_desired} were wanted."
        yield Finding(Kind.SCALED_LATE, text, None, limit)
    elif one.scale_up_s > limit:
        text = f"{wanted}: they were ready only {one.scale_up_s:.0f} s after the load rose."
        yield Finding(Kind.SCALED_LATE, text, one.scale_up_s, limit)


def _wave(recording: Recording, figures: Figures) -> Iterator[Finding]:
    needed, most = figures.needed_at_peak, figures.max_replicas
    if recording.run.shape == "sine" and needed is not None and most <= figures.least_replicas < needed:
        text = f"The peaks need {needed} pods, but there were {most} ready from the begin to the end."
        yield Finding(Kind.DID_NOT_SCALE, text, most, needed)


def _latency(figures: Figures, objectives: Objectives) -> Iterator[Finding]:
    limit = objectives.p95_ms
    for name, value in figures.p95_ms.items():
        if value is not None and value > limit:
            text = f"p95 of phase {name} was {_ms(value)}, after the time to recover."
            yield Finding(Kind.SLOW, text, value, limit)
    if figures.relapse_s > RELAPSE_SECONDS:
        text = (
            f"p95 over 10 s was beyond {limit:g} ms for {figures.relapse_s:.0f} s running, after the time to recover."
        )
        yield Finding(Kind.SLOW, text, figures.relapse_s, RELAPSE_SECONDS)


def _shares(recording: Recording, figures: Figures, objectives: Objectives) -> Iterator[Finding]:
    rate, limit = figures.error_rate, objectives.error_rate
    if rate > limit:
        # The target itself answered these: no generator, and no gap of ours, makes them.
        answered = sum(sample.outcome == "error" and sample.status > 0 for sample in recording.samples)
        text = f"{figures.errors} of {figures.requests} requests failed ({rate:.2%})."
        certain = answered / figures.requests > limit
        yield Finding(Kind.ERRORS, text, rate, limit, certain=certain)
    if figures.refused_settled_rate > objectives.refused_rate:
        text = f"{figures.refused_settled} requests were refused though the load had long been what it was."
        yield Finding(Kind.REFUSED, text, figures.refused_settled_rate, objectives.refused_rate)


def _scaling(recording: Recording, figures: Figures, objectives: Objectives) -> Iterator[Finding]:
    failed = figures.scale_down_failed
    if failed > objectives.scale_down_failed:
        text = f"{failed} requests failed while they were in flight and one of {len(figures.removals)} pods ended."
        yield Finding(Kind.DROPPED_ON_SCALE_DOWN, text, failed, objectives.scale_down_failed)
    turns, limit = figures.direction_changes_per_cycle, objectives.direction_changes_per_cycle
    if turns > limit:
        text = f"The number of replicas turned {figures.direction_changes} times in {recording.run.cycles:g} cycles."
        yield Finding(Kind.OSCILLATED, text, turns, limit)
    if figures.needless_rises:
        after = ", ".join(f"{at - recording.run.started:.0f} s" for at in figures.needless_rises)
        text = f"More replicas were wanted after {after}: the load was at its base, and those there were enough."
        yield Finding(Kind.SCALED_WITHOUT_NEED, text, len(figures.needless_rises), 0)


def _ms(value: float) -> str:
    return "beyond all answers (over 5 % had none)" if math.isinf(value) else f"{value:.0f} ms"
