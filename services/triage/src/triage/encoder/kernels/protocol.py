"""What kernels draw."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from triage.arrays import Floats
from triage.encoder.canvas import Canvas


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


class Kernels(Protocol):
    """Draws parts of a layer. States are float32 [n, tokens, width]; each method returns the name of what it drew."""

    def mask(self, canvas: Canvas) -> str:
        """Draw what `attention` wants to know of `attention_mask`."""

    def attention(self, canvas: Canvas, name: str, states: str, projections: Sequence[Linear], mask: str) -> str:
        """Draw self-attention of 12 heads, from the projections to queries, keys and values to the joined contexts."""

    def dense(self, canvas: Canvas, name: str, states: str, linear: Linear) -> str:
        """Draw a product with weights, and the bias."""

    def activated(self, canvas: Canvas, name: str, states: str, linear: Linear) -> str:
        """Draw the same, and GELU of it."""

    def norm(self, canvas: Canvas, name: str, states: str, scaling: Scaling) -> str:
        """Draw layer normalisation."""
