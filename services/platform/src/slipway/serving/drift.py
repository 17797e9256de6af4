"""How far the latest answers are from a reference: the population stability index."""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

WINDOW = 1_000
"""The latest answers that are compared."""
LEAST = 500
"""Answers before which chance alone could look like drift. The index of so many answers in ten bins, if nothing has
changed, is about 9 / 500 = 0.02, and once in a hundred times over 0.05: it is distributed like chi-squared with nine
degrees of freedom, divided by the number of answers (Yurdakul and Naranjo, J. Risk Model Validation 14(4), 2020)."""
BINS = 10
_FLOOR = 0.5 / WINDOW
"""The least share of a bin, half an answer of a window: the logarithm of an empty one is not finite."""


def stability_index(expected: Sequence[int], actual: Sequence[int]) -> float:
    """Return the population stability index of two counts over the same bins; 0 when either is empty.

    It is the sum of (a - e) * ln(a / e) over the bins' shares: at least 0, and 0 when all shares are equal. By
    convention nothing has changed under 0.1, and much over 0.25 (Lewis, An Introduction to Credit Scoring, 1994;
    Siddiqi, Credit Risk Scorecards, 2006).
    """
    all_expected, all_actual = sum(expected), sum(actual)
    if not all_expected or not all_actual:
        return 0.0
    index = 0.0
    for count, reference in zip(actual, expected, strict=True):
        a, e = max(count / all_actual, _FLOOR), max(reference / all_expected, _FLOOR)
        index += (a - e) * math.log(a / e)
    return index


def bins_of(labels: Mapping[str, int]) -> dict[str, int]:
    """Return the bin of each label, from 0: its own, or, of more than ten labels, one of ten about equally full.

    In bins of few answers each, chance alone would look like drift.
    """
    filled, bins = [0] * BINS, dict[str, int]()
    for label in sorted(labels, key=lambda label: (-labels[label], label)):
        bins[label] = filled.index(min(filled)) if len(labels) > BINS else len(bins)
        filled[bins[label]] += labels[label]
    return bins


class Drift:
    """A sliding window over the bins of the latest answers. To add one takes the same short time, always."""

    def __init__(self, expected: Iterable[int]) -> None:
        """Compare with these counts, one a bin."""
        self._expected = tuple(expected)
        self._counts = [0] * len(self._expected)
        self._window: deque[int] = deque()

    def add(self, place: int) -> None:
        """Take an answer into account that falls into this bin, and forget the oldest of too many."""
        self._window.append(place)
        self._counts[place] += 1
        if len(self._window) > WINDOW:
            self._counts[self._window.popleft()] -= 1

    def index(self) -> float:
        """Return the index of the window, 0 while it has too few answers. Any thread may ask."""
        actual = tuple(self._counts)
        return stability_index(self._expected, actual) if sum(actual) >= LEAST else 0.0
