"""float32, with ONNX Runtime's fused operators."""

from collections.abc import Sequence

from onnx import TensorProto

from triage.encoder.architecture import HEADS, NORM_EPSILON
from triage.encoder.canvas import CONTRIB, Canvas
from triage.encoder.kernels.parameters import Linear, Scaling

MASKED = -1e4
"""Added to the attention scores of padding: its share is then 0 in float32."""


class Exact:
    """The published model. States are float32 [n, tokens, width]; each method returns the name of what it drew."""

    def mask(self, canvas: Canvas) -> str:
        """Draw the mask as the fused operators want it: int32 [n, tokens]."""
        return canvas.op("Cast", "attention_mask", name="mask", to=TensorProto.INT32)

    def attention(self, canvas: Canvas, name: str, states: str, projections: Sequence[Linear], mask: str) -> str:
        """Draw one operator: products, scores, softmax and contexts without a transposition in between."""
        linear = Linear.joined(projections)
        weights = canvas.constant(f"{name}.weight", linear.weight), canvas.constant(f"{name}.bias", linear.bias)
        return canvas.op(
            "Attention", states, *weights, mask, name=name, domain=CONTRIB, num_heads=HEADS, mask_filter_value=MASKED
        )

    def dense(self, canvas: Canvas, name: str, states: str, linear: Linear) -> str:
        """Draw a product and a sum."""
        return canvas.op("Add", *self._product(canvas, name, states, linear), name=name)

    def activated(self, canvas: Canvas, name: str, states: str, linear: Linear) -> str:
        """Draw a product, and one operator for bias and GELU."""
        return canvas.op("BiasGelu", *self._product(canvas, name, states, linear), name=name, domain=CONTRIB)

    def norm(self, canvas: Canvas, name: str, states: str, scaling: Scaling) -> str:
        """Draw one operator."""
        scale, shift = canvas.constant(f"{name}.scale", scaling.scale), canvas.constant(f"{name}.shift", scaling.shift)
        return canvas.op("LayerNormalization", states, scale, shift, name=name, axis=-1, epsilon=NORM_EPSILON)

    def _product(self, canvas: Canvas, name: str, states: str, linear: Linear) -> tuple[str, str]:
        weight = canvas.constant(f"{name}.weight", linear.weight)
        return canvas.op("MatMul", states, weight, name=f"{name}.product"), canvas.constant(f"{name}.bias", linear.bias)
