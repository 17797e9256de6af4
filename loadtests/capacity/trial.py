"""One trial: a constant rate for some seconds, and whether it was held."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loadtests.overload.figures import percentile

_TOO_MANY = 429


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rate must not go beyond to count as held."""

    p95_ms: float = 500.0
    failed: float = 0.001
    """Largest share of refusals, and of errors."""
    sent: float = 0.98
    """Least share of what was due that was sent before the trial's end."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a rate."""

    rate_rps: float
    requests: int
    p95_ms: float | None
    """From when requests were due; None: there were none."""
    ok_rps: float
    """Answered as expected, a second."""
    refused: float
    """Share that was turned away for the moment."""
    errors: float
    """Share of anything else."""
    sent: float
    """Share that was sent before the end."""
    over_rate: bool
    """Whether a key was over its rate: then it is the limit, not the pod."""
    generator_cpu: float
    """Most of one core that the generator used in a second."""
    generator_late: bool
    """Whether it was the generator's fault that requests were sent late."""
    detail: str = ""
    """What most of the errors were."""

    @property
    def unanswered(self) -> bool:
        """Whether every request that was due was an error."""
        return self.requests > 0 and self.errors == 1

    def complaint(self, limits: Limits) -> str | None:
        """Return why the rate was not held; None: it was."""
        if self.p95_ms is None:
            return "nothing was due"
        found = {
            f"p95 {self.p95_ms:.0f} ms": self.p95_ms > limits.p95_ms,
            f"{self.refused:.1%} refused": self.refused > limits.failed,
            f"{self.errors:.1%} errors{f' ({self.detail})' if self.detail else ''}": self.errors > limits.failed,
            f"{self.sent:.1%} sent": self.sent < limits.sent,
        }
        return ", ".join(text for text, wrong in found.items() if wrong) or None


def measured(
    rate: float, start: float, end: float, samples: Sequence[Mapping[str, Any]], seconds: Sequence[Mapping[str, Any]]
) -> Trial:
    """Return the figures of what was due from `start` to `end` (Unix seconds).

    Args:
        rate: requests a second that were asked for.
        start: when the target had settled.
        end: when the last request was due.
        samples: lines of `samples.ndjson`.
        seconds: lines of `generator.ndjson`.
    """
    due = [sample for sample in samples if start <= sample["due"] < end]
    outcomes = [sample["outcome"] for sample in due]
    count = max(len(due), 1)
    p95 = percentile(sorted(1_000 * sample["seconds"] for sample in due), 95)
    return Trial(
        rate_rps=round(rate, 2),
        requests=len(due),
        p95_ms=None if p95 is None else round(p95, 1),
        ok_rps=round(outcomes.count("ok") / (end - start), 2),
        refused=outcomes.count("refused") / count,
        errors=outcomes.count("error") / count,
        sent=sum(sample["began"] < end for sample in due) / count,
        over_rate=any(sample["status"] == _TOO_MANY for sample in due),
        generator_cpu=max((second["cpu"] for second in seconds), default=0.0),
        detail=_commonest([sample["detail"] for sample in due if sample["outcome"] == "error"]),
        generator_late=any(second["late_by"] == "generator" for second in seconds),
    )


def _commonest(details: Sequence[str]) -> str:
    return max(details, key=details.count, default="")
