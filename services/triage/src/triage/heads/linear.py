"""A linear head: features in, calibrated probabilities out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.arrays import Doubles, Floats


@dataclass(frozen=True, slots=True)
class LinearHead:
    """A fitted head. Centring, scaling and temperature are part of the weights."""

    labels: tuple[str, ...]
    weights: Floats
    """[width, labels]"""
    bias: Floats
    """[labels]"""

    def probabilities(self, features: Floats) -> Doubles:
        """Return the probability of each label, [n, labels]; rows add up to 1."""
        return softmax((features @ self.weights + self.bias).astype(np.float64))

    def decide(self, features: Floats) -> tuple[list[str], Doubles]:
        """Return the likeliest label of each text, and its probability."""
        probabilities = self.probabilities(features)
        best = probabilities.argmax(axis=1)
        return [self.labels[index] for index in best], probabilities[np.arange(len(best)), best]


def softmax(logits: Doubles) -> Doubles:
    """Return the softmax of each row; a logit of minus infinity becomes 0."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]  # float64 stays float64


def index_of(labels: Sequence[str], known: Sequence[str]) -> NDArray[np.int64]:
    """Return the position of each label among the known ones; -1: unknown."""
    positions = {label: index for index, label in enumerate(known)}
    return np.array([positions.get(label, -1) for label in labels], dtype=np.int64)
