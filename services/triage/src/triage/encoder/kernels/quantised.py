"""int8, with scales that are known before any text is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from triage.arrays import Floats
from triage.encoder.architecture import HEADS
from triage.encoder.canvas import CONTRIB, Canvas
from triage.encoder.kernels.exact import MASKED, Exact
from triage.encoder.kernels.parameters import Linear

_LEVELS = 255
"""Steps of an activation, in 8 bits."""
_WEIGHT = 64
"""The largest weight, in 7 of the 8 bits: processors without VNNI add two products in 16 bits, where 2 * 255 * 64 fits,
and 2 * 255 * 127 would not, so that answers would depend on the machine."""
_SMOOTHING = 0.75
"""How much of a channel's size moves from the activation into the weight (Xiao et al. 2023, SmoothQuant, eq. 4)."""
_LEAST = 1e-3
"""Of a channel's size: one that calibration found silent may speak later."""


@dataclass(frozen=True, slots=True)
class Range:
    """The least and the largest value of each channel of an activation, [width] each."""

    low: Floats
    high: Floats

    @property
    def size(self) -> Floats:
        """Return the largest absolute value of each channel."""
        return np.maximum(np.maximum(-self.low, self.high), np.float32(_LEAST))


@dataclass(frozen=True, slots=True)
class _Product:
    """Names of what a product with quantised weights reads."""

    states: str
    weight: str
    scale: str
    """Of the states."""
    scales: str
    """Of the weights, one for each output."""
    zero: str
    zeros: str
    bias: str


class Quantised(Exact):
    """Products of 8-bit activations and 7-bit weights, added up exactly, in 32 bits; the rest is float32.

    Activations have one constant scale for each product, so that a text's numbers do not depend on its neighbours.
    A few channels are 20 times larger than the rest, and would leave these a dozen levels: each channel is first
    divided by a factor that its weights are multiplied with. Weights have a scale for each output.
    """

    def __init__(self, ranges: Mapping[str, Range]) -> None:
        """Take the ranges of the activations, by the name of the part that reads them."""
        self._ranges = ranges

    def attention(self, canvas: Canvas, name: str, states: str, projections: Sequence[Linear], mask: str) -> str:
        """Draw one operator behind the quantised states; scores and contexts are float32."""
        read = self._quantise(canvas, name, states, Linear.joined(projections))
        inputs = (read.states, read.weight, read.bias, read.scale, read.scales, mask, read.zero, read.zeros)
        return canvas.op("QAttention", *inputs, name=name, domain=CONTRIB, num_heads=HEADS, mask_filter_value=MASKED)

    def dense(self, canvas: Canvas, name: str, states: str, linear: Linear) -> str:
        """Draw one operator behind the quantised states: product, scales and bias."""
        read = self._quantise(canvas, name, states, linear)
        inputs = (read.states, read.weight, read.scale, read.scales, read.zero, read.zeros, read.bias)
        return canvas.op("MatMulIntegerToFloat", *inputs, name=f"{name}.product", domain=CONTRIB)

    def activated(self, canvas: Canvas, name: str, states: str, linear: Linear) -> str:
        """Draw the same, and GELU by tanh: it is off by 5e-4 at most, far under a level of what reads it."""
        return canvas.op("FastGelu", self.dense(canvas, name, states, linear), name=name, domain=CONTRIB)

    def _quantise(self, canvas: Canvas, name: str, states: str, linear: Linear) -> _Product:
        range_ = self._ranges[name]
        factors = _smoothing(range_, linear.weight)
        scale, zero = _levels(range_, factors)
        weight, scales = _quantised(linear.weight * factors[:, None])
        smooth = canvas.op("Mul", states, canvas.constant(f"{name}.smoothing", 1 / factors), name=f"{name}.smooth")
        step = canvas.constant(f"{name}.step", scale), canvas.constant(f"{name}.zero", zero)
        return _Product(
            states=canvas.op("QuantizeLinear", smooth, *step, name=f"{name}.levels"),
            weight=canvas.constant(f"{name}.weight", weight),
            scale=step[0],
            scales=canvas.constant(f"{name}.steps", scales),
            zero=step[1],
            zeros=canvas.constant(f"{name}.zeros", np.zeros(len(scales), dtype=np.int8)),
            bias=canvas.constant(f"{name}.bias", linear.bias),
        )


def _smoothing(range_: Range, weight: Floats) -> Floats:
    """Return what the channels are divided by, [width]."""
    factors = range_.size**_SMOOTHING / np.abs(weight).max(axis=1) ** (1 - _SMOOTHING)
    smoothing: Floats = (factors / np.median(factors)).astype(np.float32)
    return smoothing


def _levels(range_: Range, factors: Floats) -> tuple[np.float32, np.uint8]:
    """Return the step between two levels, and the level of 0, for one scale over all channels."""
    low = min(0.0, float((range_.low / factors).min()))
    high = max(0.0, float((range_.high / factors).max()))
    step = np.float32((high - low) / _LEVELS)
    return step, np.uint8(round(-low / float(step)))


def _quantised(weight: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return the weights in steps, [inputs, outputs], and the step of each output, [outputs]."""
    steps = (np.abs(weight).max(axis=0) / _WEIGHT).astype(np.float32)
    return np.round(weight / steps).astype(np.int8), steps
