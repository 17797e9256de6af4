"""Calibration: a confidence of 0.8 should be right in 80 of 100 cases."""

import numpy as np
from scipy.optimize import minimize_scalar

from triage.arrays import Booleans, Doubles, Integers
from triage.heads.linear import softmax

_BINS = 15
_LOG_RANGE = (-3.0, 3.0)


def fit_temperature(logits: Doubles, truth: Integers) -> float:
    """Return the temperature that makes the softmax of `logits / temperature` likeliest (Guo et al. 2017).

    Args:
        logits: [n, labels], of rows that the model has not seen.
        truth: [n], the right column of each row.
    """
    found = minimize_scalar(lambda log: log_loss(logits / np.exp(log), truth), bounds=_LOG_RANGE, method="bounded")
    return float(np.exp(found.x))


def log_loss(logits: Doubles, truth: Integers) -> float:
    """Return the mean of minus the log of the right label's probability."""
    right = softmax(logits)[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(right, np.finfo(np.float64).tiny)).mean())


def expected_calibration_error(confidence: Doubles, right: Booleans) -> float:
    """Return the mean distance of confidence from accuracy over 15 bins of equal width (Naeini et al. 2015)."""
    bins = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    gaps = [abs(float((confidence[bins == b] - right[bins == b]).sum())) for b in range(_BINS)]
    return sum(gaps) / len(confidence)
