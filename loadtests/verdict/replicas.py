"""What the autoscaler did: turns, and rises for which there was no reason."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from loadtests.verdict import latency
from loadtests.verdict.objectives import Objectives
from loadtests.verdict.recording import Recording
from loadtests.verdict.records import Tick
from loadtests.verdict.run import Run
from loadtests.verdict.stairs import Stairs

LOOK_BACK_SECONDS = 60.0
"""What an autoscaler decides now follows from the load of the last minute at most."""
AT_BASE = 1.25
"""A load of up to so many times the base is still the base: arrivals come at random."""
ENOUGH = 0.8
"""Pods that are used to this share of their capacity are enough."""
_FINE_SECONDS = 30.0
_MEAN_TICKS = 10


def direction_changes(desired: Stairs) -> int:
    """Return how often the number of wanted replicas turned: from rising to falling, or from falling to rising."""
    rising = [after > before for _, before, after in desired.changes()]
    return sum(now != then for then, now in pairwise(rising))


def needless_rises(recording: Recording, desired: Stairs, objectives: Objectives) -> list[float]:
    """Return when more replicas were wanted than before, though nothing asked for them.

    That is: for the whole last minute the load was at the base (at most 1.25 times), the replicas wanted before could
    take that at 80 % of their capacity, and the p95 of the last 30 s was within the objective.
    """
    run = recording.run
    if not run.capacity_rps or not run.base_rps:
        return []
    found = []
    for at, before, after in desired.changes():
        load = _highest_rate(run, recording.ticks, at)
        if after <= before or load is None:
            continue
        enough = load <= min(AT_BASE * run.base_rps, ENOUGH * run.capacity_rps * before)
        p95 = latency.p95_ms(latency.due_between(recording.samples, at - _FINE_SECONDS, at))
        if enough and p95 is not None and p95 <= objectives.p95_ms:
            found.append(at)
    return found


def _highest_rate(run: Run, ticks: Sequence[Tick], at: float) -> float | None:
    """Return the highest load of the minute before a time; None: the run did not last so long, or was over."""
    begin = at - LOOK_BACK_SECONDS
    if not run.phases or begin < run.phases[0].begin or at > run.phases[-1].end:
        return None
    if run.shape != "sine":
        return max(phase.rate_rps for phase in run.phases if phase.begin < at and phase.end > begin)
    return highest_wanted(tick for tick in ticks if begin < tick.at <= at)


def highest_wanted(ticks: Iterable[Tick]) -> float | None:
    """Return the highest mean of ten seconds of what was wanted, in requests a second; None: there are not so many."""
    rates = [tick.wanted_rps for tick in ticks]
    means = [sum(rates[n : n + _MEAN_TICKS]) / _MEAN_TICKS for n in range(len(rates) - _MEAN_TICKS + 1)]
    return max(means, default=None)
