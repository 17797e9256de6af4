"""How long requests took: always from when they were due, and whoever got no answer took longer than everybody."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.overload.figures import percentile
from loadtests.verdict.records import Sample

WINDOW_SECONDS = 10.0
STAY_SECONDS = 30.0
RELAPSE_SECONDS = 2 * WINDOW_SECONDS
"""A moment of trouble spoils every window that has it in it: those begin within ten seconds. This is longer."""
_STRIDE_SECONDS = 1.0
_P95 = 95.0


@dataclass(frozen=True, slots=True)
class Window:
    """Ten seconds, and the p95 of the requests that were due in them, in milliseconds; None: there were none."""

    begin: float
    p95_ms: float | None

    def within(self, limit_ms: float) -> bool:
        """Tell whether it held the objective. Nothing is known of a window without requests."""
        return self.p95_ms is not None and self.p95_ms <= limit_ms


def due_between(samples: Sequence[Sample], begin: float, end: float) -> Sequence[Sample]:
    """Return the requests that were due from `begin` to `end`, without `end`; the samples are in the order of that."""
    first, last = (bisect_left(samples, at, key=lambda sample: sample.due) for at in (begin, end))
    return samples[first:last]


def quantile_ms(samples: Sequence[Sample], percent: float) -> float | None:
    """Return the time that so many percent of all requests did not exceed, in milliseconds (nearest rank).

    The time of a request is from when it was due to the end of its answer. One that failed or was refused has no
    answer, and counts as slower than any: with more of them than the percentile leaves out, the figure is infinite. So
    a system that refuses or fails quickly does not look fast. None: no request was due.
    """
    times = sorted(1000 * sample.seconds if sample.outcome == "ok" else math.inf for sample in samples)
    return percentile(times, percent)


def p95_ms(samples: Sequence[Sample]) -> float | None:
    """Return the 95th percentile, as `quantile_ms` defines it."""
    return quantile_ms(samples, _P95)


def windows(samples: Sequence[Sample], begin: float, end: float) -> list[Window]:
    """Return windows of ten seconds, one a second, that lie within a time."""
    count = int((end - begin - WINDOW_SECONDS) / _STRIDE_SECONDS) + 1
    starts = [begin + _STRIDE_SECONDS * number for number in range(max(0, count))]
    return [Window(at, p95_ms(due_between(samples, at, at + WINDOW_SECONDS))) for at in starts]


def recovered_s(found: Sequence[Window], limit_ms: float) -> float | None:
    """Return the seconds from the first window until p95 is within the objective and stays there; None: never.

    That is the begin of the first window from which all windows of 30 s, or all up to the last one, held the objective.
    """
    stay = int(STAY_SECONDS / _STRIDE_SECONDS)
    held = [window.within(limit_ms) for window in found]
    for number in range(len(held)):
        if all(held[number : number + stay]):
            return found[number].begin - found[0].begin
    return None


def longest_relapse_s(found: Sequence[Window], limit_ms: float) -> float:
    """Return the seconds of the longest row of windows that did not hold the objective."""
    longest = current = 0
    for window in found:
        current = 0 if window.within(limit_ms) else current + 1
        longest = max(longest, current)
    return longest * _STRIDE_SECONDS
