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


def threshold_for_outsiders(confidence: Doubles, eligible: Booleans, outside: Booleans, share: float) -> float:
    """Return the least threshold that sends this share of the out-of-scope messages to a human; 0 when there are none.

    Args:
        confidence: [n], of messages that the model was not fitted on.
        eligible: [n], whether the message may be decided without a human at all.
        outside: [n], whether the message is out of scope.
        share: 0 to 1.
    """
    slipping = np.sort(confidence[eligible & outside])[::-1]
    allowed = int((1 - share) * outside.sum())
    return float(np.nextafter(slipping[allowed], 2)) if len(slipping) > allowed else 0.0
