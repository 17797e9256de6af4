"""Arithmetic on answers to the same texts: how many more one set of answers has right, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from triage.arrays import Booleans

_RESAMPLES, _SEED = 10_000, 1
_TAILS = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Loss:
    """What is lost from one set of answers to another."""

    points: float
    """Percentage points of accuracy; below 0: the second is better."""

    interval: tuple[float, float]
    """95 % of the paired bootstrap, in points."""

    only_before: int
    """Texts that only the first has right."""

    only_after: int

    chance: float
    """Probability of a difference as large if both were equally good (exact McNemar test)."""


def compare(before: Booleans, after: Booleans) -> Loss:
    """Compare which texts are answered right, [n] each.

    Raises:
        ValueError: the arrays differ in length, or are empty.
    """
    if before.shape != after.shape or not len(before):
        raise ValueError(f"Cannot compare {len(before)} answers with {len(after)}.")
    lost, won, texts = int((before & ~after).sum()), int((~before & after).sum()), len(before)
    # Only texts on which the two differ move the loss, so that resampling their counts is resampling the texts.
    shares = np.array([lost, won, texts - lost - won]) / texts
    drawn = np.random.default_rng(_SEED).multinomial(texts, shares, _RESAMPLES)
    least, most = np.percentile(100 * (drawn[:, 0] - drawn[:, 1]) / texts, _TAILS)
    chance = float(binomtest(lost, lost + won).pvalue) if lost + won else 1.0
    return Loss(100 * (lost - won) / texts, (float(least), float(most)), lost, won, chance)
