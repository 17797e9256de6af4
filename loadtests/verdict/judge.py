"""From a recording to a verdict."""

from dataclasses import dataclass

from loadtests.verdict.burst import BurstFigures, burst_doubts, burst_failures, compute_burst
from loadtests.verdict.failures import failures
from loadtests.verdict.figures import Figures, compute
from loadtests.verdict.finding import Finding, Kind, Verdict, weigh
from loadtests.verdict.objectives import Objectives
from loadtests.verdict.recording import Recording
from loadtests.verdict.unreadable import UnreadableError
from loadtests.verdict.validity import doubts


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, with all that led to it."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    figures: Figures | BurstFigures
    objectives: Objectives


def judge(recording: Recording, objectives: Objectives) -> Judgement:
    """Judge a run.

    Raises:
        UnreadableError: it says to be a burst, and has nothing about one.
    """
    if recording.run.shape == "burst":
        return _judge_burst(recording, objectives)
    figures = compute(recording, objectives)
    found = [*doubts(recording, figures, objectives), *failures(recording, figures, objectives)]
    return _judgement(found, _held(recording, figures, objectives), figures, objectives)


def _judge_burst(recording: Recording, objectives: Objectives) -> Judgement:
    if recording.run.burst is None:
        raise UnreadableError("run.json has the shape burst, and no `burst`: docs/verdicts.md has its fields.")
    figures = compute_burst(recording, recording.run.burst)
    found = [*burst_doubts(recording, figures, objectives), *burst_failures(figures, objectives)]
    held = (
        f"From {figures.initial_workers} to {figures.max_workers} workers in {_seconds(figures.workers_at_max_s)}; "
        f"{figures.messages} messages were drained in {_seconds(figures.drained_s)}, "
        f"{_seconds(figures.predicted_s)} are what the workers predict."
    )
    return _judgement(found, held, figures, objectives)


def _judgement(found: list[Finding], held: str, figures: Figures | BurstFigures, objectives: Objectives) -> Judgement:
    verdict = weigh(found)
    if not figures.removals:
        held += " No pod ended meanwhile: the run says nothing about scaling down."
    if verdict is Verdict.PASS:
        found = [Finding(Kind.HELD, held)]
    return Judgement(verdict, tuple(found), figures, objectives)


def _held(recording: Recording, figures: Figures, objectives: Objectives) -> str:
    run = recording.run
    if figures.rises:
        first = figures.rises[0]
        came = f"were ready after {_seconds(figures.scale_up_s)}"
        if figures.scale_up_s is None:
            came = "were not ready before the load was over, which was short"
        return (
            f"From {first.ready_before} to {figures.max_replicas} pods: the {first.needed} that the load needs {came}; "
            f"p95 was back within {objectives.p95_ms:g} ms after {_seconds(figures.recovered_s)}."
        )
    if run.shape == "sine":
        return (
            f"Followed {run.cycles:g} cycles with {figures.least_replicas} to {figures.max_replicas} pods in "
            f"{figures.direction_changes} turns."
        )
    return "Held the objectives. The load never rose: the run says nothing about scaling."


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} s"
