"""Why a run may prove nothing. Whatever is found here, the verdict is not PASS."""

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from loadtests.verdict.figures import Figures, bounds
from loadtests.verdict.finding import Finding, Kind
from loadtests.verdict.generator import complaints
from loadtests.verdict.latency import STAY_SECONDS, WINDOW_SECONDS, due_between, windows
from loadtests.verdict.objectives import Objectives
from loadtests.verdict.recording import Recording
from loadtests.verdict.stairs import Stairs

GAP_SECONDS = 10.0
"""The watch, and the generator's notes, may not be silent for longer."""
_CLOCK_SECONDS = 5.0
_EDGE_SECONDS = 2.0
_EXPECTED = 20.0
"""So many requests are expected in a silence that is no chance: one of e^20 such times would have none."""
_LOAD_TOLERANCE = 0.1
_SIGMAS = 4.0
_SHORTEST_SECONDS = 30.0
_OVER_CAPACITY = 1.25
"""A capacity is found to within a tenth from below, and ten seconds of arrivals vary by some percent."""
_LOOK_SECONDS = 2.0
"""So much later the watch may have seen that a pod was ready."""
_TOO_MANY = 429
_FEW = 0.001
_A_FEW = 3


def doubts(recording: Recording, figures: Figures, objectives: Objectives) -> list[Finding]:
    """Return all reasons for which a run under requests proves nothing."""
    found = [*missing(recording), *_plan(recording), *_cut_short(recording)]
    if recording.samples and recording.run.phases:
        found += [*_silence(recording), *_load(recording)]
    found += [*_capacity(recording, figures, objectives), *too_short(recording, figures, objectives)]
    found += [*_over_rate(recording, figures), *gaps(recording), *clocks(recording)]
    if told := complaints(recording, objectives):
        text = f"The generator was saturated: {'; '.join(told)}. What it measured is its own doing."
        found.append(Finding(Kind.GENERATOR_SATURATED, text, figures.generator_cpu, objectives.generator_cpu))
    return found


def missing(recording: Recording) -> Iterator[Finding]:
    """Say which files have nothing to say."""
    there = {
        "samples.ndjson has no request": recording.samples or recording.run.burst,
        "generator.ndjson has no second": recording.ticks or recording.run.burst,
        f"cluster.ndjson has no Deployment of component {recording.run.judged}": recording.deployments,
    }
    for text, found in there.items():
        if not found:
            yield Finding(Kind.NO_DATA, f"{text}.")
    for name in recording.cut_off:
        yield Finding(Kind.CUT_SHORT, f"The last line of {name} is not whole: who wrote it was killed.")


def _plan(recording: Recording) -> Iterator[Finding]:
    run = recording.run
    if not run.phases:
        yield Finding(Kind.PLAN, "run.json has no phases.")
        return
    for phase in run.phases:
        if phase.seconds < _EDGE_SECONDS or not phase.rate_rps:
            yield Finding(
                Kind.PLAN, f"Phase {phase.name} lasts {phase.seconds:.0f} s at {phase.rate_rps:g} requests/s."
            )
    if len({phase.name for phase in run.phases}) < len(run.phases):
        yield Finding(Kind.PLAN, "Two phases of run.json have the same name.")
    if any(abs(then.begin - now.end) > _EDGE_SECONDS for now, then in pairwise(run.phases)):
        yield Finding(Kind.PLAN, "The phases of run.json do not follow each other.")
    if run.shape in {"step", "spike"} and not (run.rises and run.phases[-1].rate_rps < run.rises[-1].rate_rps):
        yield Finding(Kind.PLAN, f"A {run.shape} rises and falls again: these phases do not.")
    if run.end - run.phases[0].begin < _SHORTEST_SECONDS:
        yield Finding(Kind.PLAN, f"A run of under {_SHORTEST_SECONDS:.0f} s shows nothing.")


def _cut_short(recording: Recording) -> Iterator[Finding]:
    run = recording.run
    if not run.phases:
        return
    if run.ended is None:
        yield Finding(Kind.CUT_SHORT, "run.json has no end: the run was broken off.")
    elif run.ended < run.end - _EDGE_SECONDS:
        short = run.end - run.ended
        yield Finding(Kind.CUT_SHORT, f"The run ended {short:.0f} s before its last phase.", short, _EDGE_SECONDS)


def _silence(recording: Recording) -> Iterator[Finding]:
    """Find times without any request that cannot be chance."""
    for phase in recording.run.phases:
        due = [sample.due for sample in due_between(recording.samples, phase.begin, phase.end)]
        longest = max(then - now for now, then in pairwise([phase.begin, *due, phase.end]))
        limit = max(_EDGE_SECONDS, _EXPECTED / phase.rate_rps) if phase.rate_rps else math.inf
        if longest > limit:
            text = f"samples.ndjson has no request for {longest:.0f} s of phase {phase.name}."
            yield Finding(Kind.NO_DATA, text, longest, limit)


def _load(recording: Recording) -> Iterator[Finding]:
    """Compare what was due with the plan and with the generator's notes: a clock that is off shows here as well."""
    run = recording.run
    counts = [len(due_between(recording.samples, phase.begin, phase.end)) for phase in run.phases]
    planned = [phase.rate_rps * phase.seconds for phase in run.phases]
    # Some requests follow from answers, so that there are more than planned, by about the same factor.
    factor = max(1.0, sum(counts) / sum(planned)) if sum(planned) else 1.0
    tolerance = _LOAD_TOLERANCE + factor - 1
    for phase, count, plan in zip(run.phases, counts, planned, strict=True):
        noted = sum(tick.wanted_rps for tick in recording.ticks if phase.begin < tick.at <= phase.end)
        if _differ(count, factor * plan, tolerance, 0.0):
            text = f"Phase {phase.name}: {count} requests were due, {factor * plan:.0f} should have been."
            yield Finding(Kind.LOAD_DIFFERS, text, count, plan)
        elif recording.ticks and _differ(count, noted, _LOAD_TOLERANCE, _EDGE_SECONDS * phase.rate_rps):
            text = f"Phase {phase.name}: samples.ndjson has {count} requests, generator.ndjson {noted:.0f}."
            yield Finding(Kind.LOAD_DIFFERS, text, count, noted)


def _differ(count: float, expected: float, share: float, more: float) -> bool:
    return abs(count - expected) > share * expected + _SIGMAS * math.sqrt(max(expected, 1.0)) + more


def _capacity(recording: Recording, figures: Figures, objectives: Objectives) -> Iterator[Finding]:
    run = recording.run
    if not run.capacity_rps or run.capacity_rps <= 0:
        text = "run.json has no capacity of one pod (capacity_rps): nobody can tell how many pods the load needs."
        yield Finding(Kind.NO_CAPACITY, text)
        return
    if figures.rises and not any(one.asks for one in figures.rises):
        text = "The load never needed more pods than were ready before: the run says nothing about scaling."
        yield Finding(Kind.NO_NEED, text)
    needed = figures.needed_at_peak
    if run.shape == "sine" and needed is not None and needed <= figures.least_replicas:
        text = f"The peaks need {needed} pods, and so many were always ready: the run says nothing about scaling."
        yield Finding(Kind.NO_NEED, text)
    yield from _doubtful(recording, objectives)


def too_short(recording: Recording, figures: Figures, objectives: Objectives) -> Iterator[Finding]:
    """Find rises that ended before they could show that pods come, and that p95 comes back and stays for 30 s.

    Of a spike, which is short on purpose, only the latter is asked, and may show when it is over.
    """
    spike = recording.run.shape == "spike"
    for one in figures.rises:
        room = one.followed_s if spike else one.seconds
        back = one.recovered_s is not None and room - one.recovered_s >= STAY_SECONDS
        lost = one.recovered_s is None and one.followed_s >= objectives.recovered_s
        scaled = spike or not one.asks or one.scale_up_s is not None or one.seconds >= objectives.scale_up_s
        if not (scaled and (back or lost)):
            wanted = max(objectives.scale_up_s, objectives.recovered_s + STAY_SECONDS)
            text = f"{one.phase} lasted {one.seconds:.0f} s, too short to show what it does: {wanted:.0f} s are enough."
            yield Finding(Kind.TOO_SHORT, text, one.seconds, wanted)


def _doubtful(recording: Recording, objectives: Objectives) -> Iterator[Finding]:
    """Find ten seconds in which pods held the objective at a load that so few cannot take by their capacity."""
    run, factor = recording.run, _requests_per_arrival(recording)
    ready = Stairs.of(recording.deployments, lambda look: look.ready)
    worst = 0.0
    for window in windows(recording.samples, *bounds(recording)):
        end = window.begin + WINDOW_SECONDS
        pods = ready.most(window.begin, end + _LOOK_SECONDS)
        if pods and window.within(objectives.p95_ms):
            count = len(due_between(recording.samples, window.begin, end))
            worst = max(worst, count / factor / WINDOW_SECONDS / pods)
    if worst > _OVER_CAPACITY * (run.capacity_rps or 0.0):
        text = (
            f"A pod held {worst:.1f} requests/s for {WINDOW_SECONDS:.0f} s, more than its capacity: measure it again."
        )
        yield Finding(Kind.CAPACITY_DOUBTFUL, text, worst, run.capacity_rps)


def _requests_per_arrival(recording: Recording) -> float:
    """Return how many requests there were for one that was planned: some follow from answers."""
    planned = sum(phase.rate_rps * phase.seconds for phase in recording.run.phases)
    return max(1.0, len(due_between(recording.samples, *bounds(recording))) / planned) if planned else 1.0


def _over_rate(recording: Recording, figures: Figures) -> Iterator[Finding]:
    """Find requests that were over the rate of their key: those are the keys' limit, not the pods'."""
    count = sum(sample.status == _TOO_MANY for sample in recording.samples)
    limit = max(_A_FEW, _FEW * figures.requests)
    if count > limit:
        text = f"{count} requests were answered with 429: their keys were over their rate. Give the load more keys."
        yield Finding(Kind.OVER_RATE, text, count, limit)


def gaps(recording: Recording) -> Iterator[Finding]:
    """Find times in which nobody looked at the replicas, or the generator noted nothing."""
    begin, end = bounds(recording)
    looked = {"watch": [look.at for look in recording.deployments], "generator": [tick.at for tick in recording.ticks]}
    for who, times in looked.items():
        longest = longest_gap(times, begin, end)
        if times and longest > GAP_SECONDS:
            text = f"The {who} was silent for {longest:.0f} s of the run."
            yield Finding(Kind.WATCH_GAP if who == "watch" else Kind.NO_DATA, text, longest, GAP_SECONDS)


def longest_gap(times: Sequence[float], begin: float, end: float) -> float:
    """Return the longest time from `begin` to `end` without any of the times."""
    within = [begin, *(at for at in times if begin < at < end), end]
    return max(then - now for now, then in pairwise(within))


def clocks(recording: Recording) -> Iterator[Finding]:
    """Find clocks that differ by more than 5 s: those of the watch and of the API server, or of a pod's own times.

    Clocks that nobody compared may differ.
    """
    if recording.deployments and not recording.clocks:
        yield Finding(Kind.CLOCKS, "cluster.ndjson does not say how far the clocks of watch and cluster differ.")
    offsets = [clock.ahead_s for clock in recording.clocks]
    noted = [(pod.at, at) for pod in recording.pods for at in (pod.ready_at, pod.deleted_at, pod.gone_at) if at]
    offsets += [seen - at for seen, at in noted if at > seen]
    worst = max(offsets, key=abs, default=0.0)
    if abs(worst) > _CLOCK_SECONDS:
        text = f"The clocks of the watch and the cluster differ by {abs(worst):.0f} s."
        yield Finding(Kind.CLOCKS, text, worst, _CLOCK_SECONDS)
