"""How large the activations of the exact encoder are, on messages of the kind that it will read."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np
import onnxruntime as ort
from onnx import TensorProto, helper

from triage.arrays import Floats
from triage.encoder.canvas import Canvas
from triage.encoder.graph import build_graph
from triage.encoder.kernels.exact import Exact
from triage.encoder.kernels.parameters import Linear
from triage.encoder.kernels.quantised import Range


def calibrate(weights: Mapping[str, Floats], texts: Sequence[Sequence[int]]) -> dict[str, Range]:
    """Return the range of each channel that a product with weights reads, by the name of the part.

    Args:
        weights: the tensors by their published names.
        texts: the token ids of each.
    """
    kernels = _Watching()
    model = build_graph(weights, kernels)
    names = list(kernels.read.values())
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    seen: list[list[Floats]] = [[] for _ in names]
    # Texts of one length share a run: there is no padding that could be taken for a range.
    for _, group in groupby(sorted(texts, key=len), key=len):
        ids = np.array(list(group), dtype=np.int64)
        inside = session.run(names, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        for extremes, states in zip(seen, inside, strict=True):
            extremes += [states.min(axis=(0, 1)), states.max(axis=(0, 1))]
    bounds = [np.stack(extremes) for extremes in seen]
    return {part: Range(each.min(axis=0), each.max(axis=0)) for part, each in zip(kernels.read, bounds, strict=True)}


class _Watching(Exact):
    """Draws the exact kernels, and keeps what their products read."""

    def __init__(self) -> None:
        self.read: dict[str, str] = {}
        """The states, by the name of the part that reads them."""

    def attention(self, canvas: Canvas, name: str, states: str, projections: Sequence[Linear], mask: str) -> str:
        self.read[name] = states
        return super().attention(canvas, name, states, projections, mask)

    def dense(self, canvas: Canvas, name: str, states: str, linear: Linear) -> str:
        self.read[name] = states
        return super().dense(canvas, name, states, linear)

    def activated(self, canvas: Canvas, name: str, states: str, linear: Linear) -> str:
        self.read[name] = states
        return super().activated(canvas, name, states, linear)
