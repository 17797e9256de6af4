"""float32 as an exporter writes it: small standard operators, nothing fused. What the other kernels are measured by."""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from triage.encoder.architecture import HEAD_WIDTH, HEADS, NORM_EPSILON, WIDTH
from triage.encoder.canvas import Canvas
from triage.encoder.kernels.exact import MASKED
from triage.encoder.kernels.protocol import Linear, Scaling


class Plain:
    """The published model, in the operators of its definition."""

    def mask(self, canvas: Canvas) -> str:
        """Draw what is added to the scores, float32 [n, 1, 1, tokens]."""
        kept = canvas.op("Cast", "attention_mask", name="mask.float", to=TensorProto.FLOAT)
        axes = canvas.constant("mask.axes", np.array([1, 2], dtype=np.int64))
        spread = canvas.op("Unsqueeze", kept, axes, name="mask.spread")
        padding = canvas.op("Sub", canvas.constant("one", np.float32(1)), spread, name="mask.padding")
        return canvas.op("Mul", padding, canvas.constant("masked", np.float32(MASKED)), name="mask")

    def attention(self, canvas: Canvas, name: str, states: str, projections: Sequence[Linear], mask: str) -> str:
        """Draw three products, their transpositions, scores, softmax, contexts, and the way back."""
        by_head = canvas.constant("by_head", np.array([0, 0, HEADS, HEAD_WIDTH], dtype=np.int64))
        sides = []
        for part, linear, order in zip("qkv", projections, ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]), strict=True):
            side = canvas.op(
                "Reshape", self.dense(canvas, f"{name}.{part}", states, linear), by_head, name=f"{name}.{part}.heads"
            )
            sides.append(canvas.op("Transpose", side, name=f"{name}.{part}.t", perm=order))
        root = canvas.constant("root", np.float32(HEAD_WIDTH**0.5))
        scores = canvas.op("Div", canvas.op("MatMul", *sides[:2], name=f"{name}.raw"), root, name=f"{name}.scores")
        shares = canvas.op("Softmax", canvas.op("Add", scores, mask, name=f"{name}.masked"), name=f"{name}.shares")
        contexts = canvas.op("MatMul", shares, sides[2], name=f"{name}.contexts")
        contexts = canvas.op("Transpose", contexts, name=f"{name}.by_token", perm=[0, 2, 1, 3])
        return canvas.op("Reshape", contexts, canvas.constant("joined", np.array([0, 0, WIDTH])), name=name)

    def dense(self, canvas: Canvas, name: str, states: str, linear: Linear) -> str:
        """Draw a product and a sum."""
        product = canvas.op("MatMul", states, canvas.constant(f"{name}.weight", linear.weight), name=f"{name}.product")
        return canvas.op("Add", product, canvas.constant(f"{name}.bias", linear.bias), name=name)

    def activated(self, canvas: Canvas, name: str, states: str, linear: Linear) -> str:
        """Draw x * (1 + erf(x / sqrt(2))) / 2."""
        dense = self.dense(canvas, f"{name}.dense", states, linear)
        root, one, half = (canvas.constant(f"gelu.{value:.3}", np.float32(value)) for value in (2**0.5, 1.0, 0.5))
        inner = canvas.op("Erf", canvas.op("Div", dense, root, name=f"{name}.scaled"), name=f"{name}.erf")
        doubled = canvas.op("Mul", dense, canvas.op("Add", inner, one, name=f"{name}.shifted"), name=f"{name}.doubled")
        return canvas.op("Mul", doubled, half, name=name)

    def norm(self, canvas: Canvas, name: str, states: str, scaling: Scaling) -> str:
        """Draw mean, variance, root, scale and shift."""
        axis, two = canvas.constant("width_axis", np.array([-1])), canvas.constant("two", np.float32(2))
        mean = canvas.op("ReduceMean", states, axis, name=f"{name}.mean", keepdims=1)
        centred = canvas.op("Sub", states, mean, name=f"{name}.centred")
        squares = canvas.op("Pow", centred, two, name=f"{name}.squares")
        variance = canvas.op("ReduceMean", squares, axis, name=f"{name}.variance", keepdims=1)
        epsilon = canvas.constant("epsilon", np.float32(NORM_EPSILON))
        deviation = canvas.op(
            "Sqrt", canvas.op("Add", variance, epsilon, name=f"{name}.safe"), name=f"{name}.deviation"
        )
        normal = canvas.op("Div", centred, deviation, name=f"{name}.normal")
        scaled = canvas.op("Mul", normal, canvas.constant(f"{name}.scale", scaling.scale), name=f"{name}.scaled")
        return canvas.op("Add", scaled, canvas.constant(f"{name}.shift", scaling.shift), name=name)
