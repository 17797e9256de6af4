"""The learnt numbers that kernels draw with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from triage.arrays import Floats


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights of `x @ weight + bias`."""

    weight: Floats
    """[inputs, outputs]"""
    bias: Floats
    """[outputs]"""

    @classmethod
    def joined(cls, parts: Sequence["Linear"]) -> "Linear":
        """Return one that gives the outputs of all, side by side."""
        weights, biases = [part.weight for part in parts], [part.bias for part in parts]
        return cls(np.concatenate(weights, axis=1), np.concatenate(biases))


@dataclass(frozen=True, slots=True)
class Scaling:
    """The learnt part of a layer norm."""

    scale: Floats
    """[width]"""
    shift: Floats
    """[width]"""
