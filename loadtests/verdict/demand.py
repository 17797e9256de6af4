"""What a rise of the load asks for, and how the release answered it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.verdict import latency
from loadtests.verdict.objectives import Objectives
from loadtests.verdict.records import Sample
from loadtests.verdict.run import Phase
from loadtests.verdict.stairs import Stairs

READY_FOR_SECONDS = 10.0
"""So long pods must stay ready to count."""
_ROUNDING = 0.05
"""Of a pod: rates and capacities are measured and rounded, so that 3.01 pods are 3."""


@dataclass(frozen=True, slots=True)
class Rise:
    """A rise of the load, and what followed. Seconds count from the rise."""

    phase: str
    at: float
    seconds: float
    """How long the load stayed there."""
    followed_s: float
    """How long p95 was followed."""
    needed: int | None
    """Pods that the load needs; None: nobody knows what one of them takes."""
    ready_before: int
    most_ready: int
    most_desired: int
    scale_up_s: float | None
    recovered_s: float | None

    @property
    def asks(self) -> bool:
        """Whether the load needs more pods than were ready."""
        return self.needed is not None and self.needed > self.ready_before


def pods_needed(rate_rps: float, capacity_rps: float | None) -> int | None:
    """Return the least number of pods that can answer a rate: ceil(rate / capacity - 0.05), at least 1.

    None: the capacity of one pod is not known.
    """
    if capacity_rps is None or capacity_rps <= 0:
        return None
    return max(1, math.ceil(rate_rps / capacity_rps - _ROUNDING))


def rise(
    phase: Phase,
    needed: int | None,
    until: float,
    replicas: tuple[Stairs, Stairs],
    samples: Sequence[Sample],
    objectives: Objectives,
) -> Rise:
    """Return how a rise was answered.

    scale_up_s: from the rise until as many pods as the load needs, by its rate and the capacity of one pod, were ready
    for ten seconds running. It does not follow what the autoscaler wanted: who does not scale never gets there, and
    the figure is None.

    recovered_s: from the rise until p95 over sliding windows of ten seconds is back within the objective and stays
    there, see `latency.recovered_s`.

    Args:
        phase: the higher load.
        needed: pods that it needs, see `pods_needed`.
        until: when its aftermath ends: with the phase, or later when the phase is shorter than a recovery may be.
        replicas: those that were wanted, and those that were ready.
        samples: of the whole run.
        objectives: the limits.
    """
    desired, ready = replicas
    begin, end = phase.begin, phase.end
    reached = None if needed is None else ready.reached(needed, begin, end, READY_FOR_SECONDS)
    return Rise(
        phase=phase.name,
        at=begin,
        seconds=phase.seconds,
        followed_s=until - begin,
        needed=needed,
        ready_before=ready.at(begin),
        most_ready=ready.most(begin, end),
        most_desired=desired.most(begin, end),
        scale_up_s=None if reached is None else reached - begin,
        recovered_s=latency.recovered_s(latency.windows(samples, begin, until), objectives.p95_ms),
    )
