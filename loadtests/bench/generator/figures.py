"""Numbers from results. Latencies count from when a request was due, so that a late generator hides nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadtests.bench.generator.results import Result
from loadtests.overload.figures import percentile

_OK = 200


class WrongAnswerError(Exception):
    """A server said 200, and something else than the answers to the messages. Nothing that it does is a speed."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one step. Times are milliseconds, rates a second; only right answers count for rates."""

    requests: int
    right: int
    refused: int
    errors: int
    error: str
    """What the first of the errors was; empty: there was none."""
    seconds: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    late_p99_ms: float | None
    """How late requests left, in an open loop."""


def figures(
    results: Sequence[Result], answers: Callable[[bytes], int], size: int, rate: float | None = None
) -> Figures:
    """Return the figures of a step, every answer of which is looked at.

    Latencies are those of all requests but the refused ones, failed ones included.

    Args:
        results: in the order of sending; at least one.
        answers: how many right-looking answers a body holds.
        size: messages a request.
        rate: of an open loop. Vegeta notes when it sent a request; it was due a constant time after the one before.

    Raises:
        WrongAnswerError: a body of 200 does not hold an answer for each message.
    """
    right = [_is_right(result, answers, size) for result in results]
    refused = sum(result.refused for result in results)
    late = _lateness(results, rate)
    waits = sorted(
        1e3 * (result.latency + behind) for result, behind in zip(results, late, strict=True) if not result.refused
    )
    wrong = [result for result, is_right in zip(results, right, strict=True) if not (is_right or result.refused)]
    return Figures(
        requests=len(results),
        right=sum(right),
        refused=refused,
        errors=len(wrong),
        error=(wrong[0].error or f"status {wrong[0].status}") if wrong else "",
        seconds=max(result.sent + result.latency for result in results) - min(result.sent for result in results),
        p50_ms=percentile(waits, 50) or 0.0,
        p95_ms=percentile(waits, 95) or 0.0,
        p99_ms=percentile(waits, 99) or 0.0,
        late_p99_ms=None if rate is None else 1e3 * (percentile(sorted(late), 99) or 0.0),
    )


def _is_right(result: Result, answers: Callable[[bytes], int], size: int) -> bool:
    if result.status != _OK or result.error:
        return False
    if answers(result.body) != size:
        raise WrongAnswerError(f"not {size} answers, but: {result.body[:300].decode(errors='replace')}")
    return True


def _lateness(results: Sequence[Result], rate: float | None) -> list[float]:
    """Return how many seconds after its due time each request was sent; the most punctual one sets the clock."""
    if rate is None:
        return [0.0] * len(results)
    offsets = [result.sent - result.number / rate for result in results]
    punctual = min(offsets)
    return [offset - punctual for offset in offsets]
