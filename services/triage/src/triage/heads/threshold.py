"""From which confidence on no human is needed."""

import numpy as np

from triage.arrays import Booleans, Doubles

ALWAYS_HUMAN = 1.01
"""A threshold that no confidence reaches."""


def choose_threshold(confidence: Doubles, right: Booleans, eligible: Booleans, target: float) -> float:
    """Return the threshold of the largest coverage whose covered messages are right often enough.

    Args:
        confidence: [n], of messages that the model was not fitted on.
        right: [n], whether the decision is right.
        eligible: [n], whether the message may be decided without a human at all.
        target: least accuracy of what is covered.
    """
    order = np.flatnonzero(eligible)[np.argsort(-confidence[eligible], kind="stable")]
    accuracy = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(accuracy >= target)
    return float(confidence[order[enough[-1]]]) if len(enough) else ALWAYS_HUMAN
