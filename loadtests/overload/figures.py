"""Numbers from exchanges."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from loadtests.overload.generator import Outcome

_OK, _UNAVAILABLE, _TOO_MANY = 200, 503, 429


@dataclass(frozen=True, slots=True)
class Step:
    """The figures of one load. Times are milliseconds at the client; shares are of requests."""

    offered: float
    """Messages a second that were sent."""
    goodput: float
    """Messages a second that were answered within the deadline."""
    late: int
    """Answers that came after the deadline."""
    refused: int
    refusal_p50_ms: float | None
    """From the write of the request to the last byte of the refusal."""
    refusal_p99_ms: float | None
    without_retry_after: int
    answer_p50_ms: float | None
    """From when the request was due."""
    answer_p99_ms: float | None
    other: dict[str, int]
    """Counts of any other status; `0`: no answer."""
    generator_p99_ms: float
    """How late the generator itself was."""
    unsent: int


def figures(outcome: Outcome, size: int, warmup: float, seconds: float, deadline: float) -> Step:
    """Return the figures of what was due, or for goodput what was answered, in the measured time."""
    start, end = outcome.began + warmup, outcome.began + warmup + seconds
    due = [exchange for exchange in outcome.exchanges if start <= exchange.due < end]
    answered = [x for x in outcome.exchanges if x.status == _OK and start <= x.done < end]
    in_time = [x for x in answered if x.done - x.due <= deadline]
    refused = [x for x in due if x.status in {_UNAVAILABLE, _TOO_MANY}]
    waits = sorted(1e3 * (x.done - x.sent) for x in refused)
    answers = sorted(1e3 * (x.done - x.due) for x in answered)
    return Step(
        offered=len(due) * size / seconds,
        goodput=len(in_time) * size / seconds,
        late=len(answered) - len(in_time),
        refused=len(refused),
        refusal_p50_ms=percentile(waits, 50),
        refusal_p99_ms=percentile(waits, 99),
        without_retry_after=sum(not x.retry_after for x in refused),
        answer_p50_ms=percentile(answers, 50),
        answer_p99_ms=percentile(answers, 99),
        other=_others(outcome),
        generator_p99_ms=percentile(sorted(1e3 * (x.sent - x.due) for x in due), 99) or 0.0,
        unsent=outcome.unsent,
    )


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """Return the smallest value that so many percent do not exceed (nearest rank); None: there are no values."""
    if not ordered:
        return None
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def middle(values: Sequence[float | None]) -> float | None:
    """Return the median of those that there are."""
    there = [value for value in values if value is not None]
    return round(median(there), 3) if there else None


def _others(outcome: Outcome) -> dict[str, int]:
    statuses = [x.status for x in outcome.exchanges if x.status not in {_OK, _UNAVAILABLE, _TOO_MANY}]
    return {str(status): statuses.count(status) for status in sorted(set(statuses))}
