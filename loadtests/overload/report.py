"""What is printed: a line a step while it runs, and one JSON object at the end."""

import json
import sys
from typing import Any

from loadtests.overload.figures import Step, middle
from loadtests.overload.options import FACTORS, Options


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def tell(name: str, step: Step) -> None:
    """Print the figures of one step."""
    refusals = f"{step.refused} refused in {_ms(step.refusal_p50_ms)}/{_ms(step.refusal_p99_ms)} ms"
    answers = f"answers in {_ms(step.answer_p50_ms)}/{_ms(step.answer_p99_ms)} ms"
    odd = [f"{count} x status {status}" for status, count in step.other.items()]
    odd += [f"{step.late} late"] * bool(step.late)
    odd += [f"{step.unsent} not sent: the generator ran out of connections"] * bool(step.unsent)
    say(
        f"{name:>24}: offered {step.offered:6.1f}/s, goodput {step.goodput:6.1f}/s, {refusals}, {answers} (p50/p99), "
        f"generator late {step.generator_p99_ms:.1f} ms (p99){''.join(f'; {part}' for part in odd)}"
    )


def summary(rounds: dict[int, list[dict[str, Step]]], limited: Step, options: Options) -> str:
    """Return the JSON object, one line. Figures are medians over the rounds; spread is (largest - smallest)/median."""
    cases = {str(size): _case(steps) for size, steps in rounds.items()}
    measured = {"seconds": options.seconds, "rounds": options.rounds, "deadline_s": options.deadline}
    rate_limited = {"p50_ms": middle([limited.refusal_p50_ms]), "p99_ms": middle([limited.refusal_p99_ms])}
    return json.dumps({"cases": cases, "rate_limited": rate_limited} | measured)


def _case(rounds: list[dict[str, Step]]) -> dict[str, Any]:
    peaks = [steps["peak"].goodput for steps in rounds]
    return {"peak_per_s": middle(peaks), "peak_spread": _spread(peaks)} | {
        f"{factor}x": _load(peaks, [steps[f"{factor}x"] for steps in rounds]) for factor in FACTORS
    }


def _load(peaks: list[float], steps: list[Step]) -> dict[str, Any]:
    ratios = [step.goodput / peak for step, peak in zip(steps, peaks, strict=True)]
    return {
        "goodput_per_s": middle([step.goodput for step in steps]),
        "ratio": middle(ratios),
        "ratio_spread": _spread(ratios),
        "refused": sum(step.refused for step in steps),
        "refusal_p50_ms": middle([step.refusal_p50_ms for step in steps]),
        "refusal_p99_ms": middle([step.refusal_p99_ms for step in steps]),
        "refusal_p99_ms_worst": max((step.refusal_p99_ms or 0 for step in steps), default=0),
        "without_retry_after": sum(step.without_retry_after for step in steps),
        "answer_p99_ms": middle([step.answer_p99_ms for step in steps]),
        "late": sum(step.late for step in steps),
        "other": sum(sum(step.other.values()) for step in steps),
        "unsent": sum(step.unsent for step in steps),
        "generator_p99_ms": middle([step.generator_p99_ms for step in steps]),
    }


def _spread(values: list[float]) -> float | None:
    center = middle(values)
    return round((max(values) - min(values)) / center, 3) if center else None


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
