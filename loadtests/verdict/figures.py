"""Every figure of a run under requests, each computed in one place."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.verdict import latency
from loadtests.verdict.demand import Rise, pods_needed, rise
from loadtests.verdict.generator import complaints, sent_share
from loadtests.verdict.latency import due_between
from loadtests.verdict.objectives import Objectives
from loadtests.verdict.recording import Recording
from loadtests.verdict.records import Sample
from loadtests.verdict.removals import Removal, failed_on_removal, removals
from loadtests.verdict.replicas import direction_changes, highest_wanted, needless_rises
from loadtests.verdict.run import Phase
from loadtests.verdict.stairs import Stairs

Shares = dict[str, float | None]
"""By phase; None: no request was due, or none of the phase counts."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures; docs/verdicts.md has the same list, for those who read verdicts."""

    requests: int
    """Requests that were due within the phases."""
    errors: int
    refused: int
    refused_settled: int
    """Refusals outside of the times from a rise of the load until its pods were ready and p95 was back."""
    p95_ms: Shares
    """Of the settled part: a phase without the time from a rise until p95 was back, or should have been."""
    p95_whole_ms: Shares
    p95_overall_ms: float | None
    p50_overall_ms: float | None
    relapse_s: float
    """The longest row of 10 s windows of a settled part, one a second, whose p95 was over the objective."""
    rises: tuple[Rise, ...]
    removals: tuple[Removal, ...]
    scale_down_failed: int
    direction_changes: int
    direction_changes_per_cycle: float
    needless_rises: tuple[float, ...]
    needed_at_peak: int | None
    """Pods that the highest load of ten seconds needed; None: it is not known."""
    least_replicas: int
    max_replicas: int
    """The most that were ready at a time."""
    max_allowed: int | None
    """The autoscaler's upper bound; None: no autoscaler was seen."""
    generator_cpu: float
    """The most of any second."""
    sent_share: float | None

    @property
    def error_rate(self) -> float:
        """Errors as a share of all requests that were due: refusals with Retry-After are no errors."""
        return self.errors / self.requests if self.requests else math.nan

    @property
    def refused_rate(self) -> float:
        """Refusals with Retry-After as a share of all requests that were due."""
        return self.refused / self.requests if self.requests else math.nan

    @property
    def refused_settled_rate(self) -> float:
        """Refusals while the load had long been what it was, as a share of all requests that were due."""
        return self.refused_settled / self.requests if self.requests else math.nan

    @property
    def scale_up_s(self) -> float | None:
        """The longest of all rises that asked for more pods; None: one never got them, or none asked."""
        return _longest([one.scale_up_s for one in self.rises if one.asks])

    @property
    def recovered_s(self) -> float | None:
        """The longest of all rises; None: after one of them p95 never came back, or there was none."""
        return _longest([one.recovered_s for one in self.rises])


def compute(recording: Recording, objectives: Objectives) -> Figures:
    """Return the figures of a run."""
    run, begin, end = recording.run, *bounds(recording)
    samples = due_between(recording.samples, begin, end)
    desired = Stairs.of(recording.deployments, lambda look: look.desired)
    ready = Stairs.of(recording.deployments, lambda look: look.ready)
    rises = _rises(recording, (desired, ready), objectives)
    ended = removals(recording.pods, begin, end)
    turns = direction_changes(desired)
    settled = {phase.name: _settled_part(phase, recording, rises, objectives) for phase in run.phases}
    return Figures(
        requests=len(samples),
        errors=sum(sample.outcome == "error" for sample in samples),
        refused=sum(sample.outcome == "refused" for sample in samples),
        refused_settled=len(_refused_settled(samples, rises, objectives)),
        p95_ms={name: latency.p95_ms(due_between(samples, *part)) for name, part in settled.items()},
        p95_whole_ms={p.name: latency.p95_ms(due_between(samples, p.begin, p.end)) for p in run.phases},
        p95_overall_ms=latency.p95_ms(samples),
        p50_overall_ms=latency.quantile_ms(samples, 50),
        relapse_s=max((_relapse(samples, part, objectives) for part in settled.values()), default=0.0),
        rises=rises,
        removals=tuple(ended),
        scale_down_failed=len(failed_on_removal(recording.samples, ended)),
        direction_changes=turns,
        direction_changes_per_cycle=turns / run.cycles,
        needless_rises=tuple(needless_rises(recording, desired, objectives)),
        needed_at_peak=_needed_at_peak(recording),
        least_replicas=ready.least(begin, end) if ready.values else 0,
        max_replicas=ready.most(begin, end),
        max_allowed=max((one.max for one in recording.autoscalers), default=None),
        generator_cpu=max((tick.cpu for tick in recording.ticks), default=0.0),
        sent_share=sent_share(recording.ticks),
    )


def bounds(recording: Recording) -> tuple[float, float]:
    """Return the begin of the first and the end of the last phase."""
    phases = recording.run.phases
    if phases:
        return phases[0].begin, phases[-1].end
    return recording.run.started, recording.run.ended or recording.run.started


def _settled_part(
    phase: Phase, recording: Recording, rises: Sequence[Rise], objectives: Objectives
) -> tuple[float, float]:
    """Return the part of a phase in which the objective must hold: what no recovery from a rise reaches into.

    A recovery ends when p95 is back, or should have been. A sine rises all the time: the time that its first recovery
    may take is left out, and the rest must hold.
    """
    limit = objectives.recovered_s
    before = [one for one in rises if one.at <= phase.begin]
    ends = [one.at + min(limit, limit if one.recovered_s is None else one.recovered_s) for one in before]
    if recording.run.shape == "sine":
        ends.append(phase.begin + limit)
    return min(phase.end, max([phase.begin, *ends])), phase.end


def _rises(recording: Recording, replicas: tuple[Stairs, Stairs], objectives: Objectives) -> tuple[Rise, ...]:
    run = recording.run
    weak = bool(complaints(recording, objectives))
    found = []
    for phase in run.rises:
        rate = min(phase.rate_rps, _sent_rps(recording.samples, phase)) if weak else phase.rate_rps
        needed, until = pods_needed(rate, run.capacity_rps), _aftermath(phase, recording, objectives)
        found.append(rise(phase, needed, until, replicas, recording.samples, objectives))
    return tuple(found)


def _aftermath(phase: Phase, recording: Recording, objectives: Objectives) -> float:
    """Return when the consequences of a rise are over: not before it had its time to recover, and to stay so."""
    following = [rise.begin for rise in recording.run.rises if rise.begin > phase.begin]
    latest = min([recording.run.end, *following])
    return max(phase.end, min(latest, phase.begin + objectives.recovered_s + latency.STAY_SECONDS))


def _needed_at_peak(recording: Recording) -> int | None:
    peak = highest_wanted(recording.ticks)
    return None if peak is None else pods_needed(peak, recording.run.capacity_rps)


def _sent_rps(samples: Sequence[Sample], phase: Phase) -> float:
    """Return what really left a generator that could not keep up."""
    sent = sum(phase.begin <= sample.began < phase.end for sample in samples)
    return sent / phase.seconds if phase.seconds > 0 else 0.0


def _refused_settled(samples: Sequence[Sample], rises: Sequence[Rise], objectives: Objectives) -> list[Sample]:
    spans = [(one.at, one.at + _unsettled_s(one, objectives.recovered_s)) for one in rises]
    refused = [sample for sample in samples if sample.outcome == "refused"]
    return [sample for sample in refused if not any(begin <= sample.due < end for begin, end in spans)]


def _unsettled_s(one: Rise, most: float) -> float:
    """Return how long refusals are excused by a rise: until its pods are ready and p95 is back, but at most so long."""
    if one.recovered_s is None or (one.asks and one.scale_up_s is None):
        return most
    return min(most, max(one.recovered_s, one.scale_up_s or 0.0))


def _relapse(samples: Sequence[Sample], part: tuple[float, float], objectives: Objectives) -> float:
    return latency.longest_relapse_s(latency.windows(samples, *part), objectives.p95_ms)


def _longest(seconds: Sequence[float | None]) -> float | None:
    there = [value for value in seconds if value is not None]
    return max(there) if there and len(there) == len(seconds) else None
