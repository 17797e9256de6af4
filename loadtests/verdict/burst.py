"""A burst of jobs: how fast the workers came, and whether the backlog went as fast as they can."""

from collections.abc import Iterator
from dataclasses import dataclass

from loadtests.verdict.finding import Finding, Kind
from loadtests.verdict.objectives import Objectives
from loadtests.verdict.recording import Recording
from loadtests.verdict.removals import Removal, removals
from loadtests.verdict.run import Burst
from loadtests.verdict.stairs import Stairs
from loadtests.verdict.validity import GAP_SECONDS, clocks, longest_gap, missing

_HOLD_SECONDS = 10.0
_ROUNDING = 0.9
"""A burst may be worth so much less than it should: rates are measured."""


@dataclass(frozen=True, slots=True)
class BurstFigures:
    """The figures of a burst. Seconds count from when its first upload began."""

    messages: int
    initial_workers: int
    """Ready when it came, as the watch saw them."""
    max_workers: int
    """The autoscaler's upper bound."""
    most_workers: int
    """The most that were ready at a time."""
    messages_per_worker_s: float | None
    worth_s: float | None
    """How long the initial workers, at least one, would take: messages / (workers x messages_per_worker_s)."""
    workers_at_max_s: float | None
    """Until as many workers as the maximum were ready for ten seconds running; None: never before it was drained."""
    drained_s: float | None
    """Until the last job was terminal; None: some never were."""
    predicted_s: float | None
    """Until the sum of ready workers x messages_per_worker_s x seconds comes to all messages.

    Ready workers are those that the watch saw, from look to look; from the moment it was drained on, they are taken as
    they were then. None: the rate is not known, or they never would have.
    """
    drain_ratio: float | None
    """drained_s / predicted_s."""
    lost: int | None
    """Messages without a result."""
    interrupted: int | None
    """Chunks that were begun more than once."""
    removals: tuple[Removal, ...]


def compute_burst(recording: Recording, burst: Burst) -> BurstFigures:
    """Return the figures of a burst."""
    run, begin = recording.run, burst.submitted
    end = burst.drained or run.ended or begin
    ready = Stairs.of(recording.deployments, lambda look: look.ready)
    rate, initial = burst.messages_per_worker_s, ready.at(begin)
    done = ready.time_of_area(burst.messages / rate, begin, end) if rate else None
    at_max = ready.reached(burst.max_workers, begin, end, _HOLD_SECONDS)
    drained = burst.drained - begin if burst.drained else None
    predicted = done - begin if done is not None else None
    return BurstFigures(
        messages=burst.messages,
        initial_workers=initial,
        max_workers=burst.max_workers,
        most_workers=ready.most(begin, end),
        messages_per_worker_s=rate,
        worth_s=burst.messages / (rate * max(1, initial)) if rate else None,
        workers_at_max_s=at_max - begin if at_max is not None else None,
        drained_s=drained,
        predicted_s=predicted,
        drain_ratio=drained / predicted if drained is not None and predicted else None,
        lost=None if burst.answered is None else burst.messages - burst.answered,
        interrupted=burst.interrupted,
        removals=tuple(removals(recording.pods, begin, run.ended or end)),
    )


def burst_failures(figures: BurstFigures, objectives: Objectives) -> Iterator[Finding]:
    """Say what a burst missed."""
    yield from _workers(figures, objectives)
    low, high = 1 - objectives.drain_tolerance, 1 + objectives.drain_tolerance
    if figures.drained_s is None:
        yield Finding(Kind.LOST, "Some jobs never became terminal.", certain=True)
    elif figures.drain_ratio is not None and not low <= figures.drain_ratio <= high:
        text = f"It was drained after {figures.drained_s:.0f} s: the ready workers predict {figures.predicted_s:.0f} s."
        yield Finding(Kind.DRAINED_OFF_PREDICTION, text, figures.drain_ratio, high if figures.drain_ratio > 1 else low)
    if figures.lost:
        yield Finding(Kind.LOST, f"{figures.lost} of {figures.messages} messages have no result.", figures.lost, 0)
    if figures.interrupted:
        text = f"{figures.interrupted} chunks were begun more than once."
        yield Finding(Kind.INTERRUPTED, text, figures.interrupted, 0)


def _workers(figures: BurstFigures, objectives: Objectives) -> Iterator[Finding]:
    at, limit, most = figures.workers_at_max_s, objectives.workers_at_max_s, figures.most_workers
    if most <= figures.initial_workers < figures.max_workers:
        text = f"There were never more than the {most} workers that were ready before the burst."
        yield Finding(Kind.DID_NOT_SCALE, text, most, figures.max_workers)
    elif at is None or at > limit:
        after = "never" if at is None else f"only after {at:.0f} s"
        text = f"{figures.max_workers} workers were ready {after}: the most were {most}."
        yield Finding(Kind.SCALED_LATE, text, at, limit)


def burst_doubts(recording: Recording, figures: BurstFigures, objectives: Objectives) -> Iterator[Finding]:
    """Say why a burst may prove nothing."""
    yield from missing(recording)
    yield from clocks(recording)
    if figures.messages_per_worker_s is None:
        text = "run.json does not have the measured rate of one worker (burst.messages_per_worker_s)."
        yield Finding(Kind.NO_CAPACITY, text)
    for name in ("lost", "interrupted"):
        if getattr(figures, name) is None:
            yield Finding(Kind.NO_DATA, f"run.json does not say how many were {name} (burst.answered, .interrupted).")
    if figures.max_workers <= figures.initial_workers:
        text = f"All {figures.max_workers} workers were ready before the burst: it says nothing about scaling."
        yield Finding(Kind.NO_NEED, text)
    least = _ROUNDING * objectives.burst_worth_s
    if figures.worth_s is not None and figures.worth_s < least:
        text = f"The burst is worth {figures.worth_s:.0f} s of the workers that were there: too little to tell."
        yield Finding(Kind.PLAN, text, figures.worth_s, objectives.burst_worth_s)
    yield from _watched(recording)


def _watched(recording: Recording) -> Iterator[Finding]:
    burst, run = recording.run.burst, recording.run
    if burst is None or run.ended is None:
        yield Finding(Kind.CUT_SHORT, "run.json has no end: the run was broken off.")
        return
    silent = longest_gap([look.at for look in recording.deployments], burst.submitted, burst.drained or run.ended)
    if recording.deployments and silent > GAP_SECONDS:
        yield Finding(Kind.WATCH_GAP, f"The watch was silent for {silent:.0f} s of the burst.", silent, GAP_SECONDS)
