"""The encoder as an ONNX graph, written straight from the published tensors.

BERT after Devlin et al. 2018, with the mean of the token vectors scaled to length 1 as the sentence's embedding
(Reimers and Gurevych 2019). Inputs: `input_ids` and `attention_mask`, int64 [n, tokens]. Outputs: `embedding`, and
`middle`, the same of an earlier layer, which keeps more of a text's own words; both float32 [n, 384]. What the layers
are made of is the kernels': exact or quantised.
"""

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import TensorProto

from triage.arrays import Floats
from triage.encoder.architecture import LAYERS, MAX_TOKENS, MIDDLE, WIDTH
from triage.encoder.canvas import Canvas
from triage.encoder.kernels.exact import Exact
from triage.encoder.kernels.parameters import Linear, Scaling

INPUTS = ("input_ids", "attention_mask")
OUTPUTS = ("embedding", "middle")


def build_graph(weights: Mapping[str, Floats], kernels: Exact) -> onnx.ModelProto:
    """Return the model.

    Args:
        weights: the tensors by their published names.
        kernels: what draws the layers' parts.
    """
    canvas = Canvas()
    _Encoder(weights, kernels, canvas).draw()
    shapes = dict.fromkeys(INPUTS, ("n", "tokens")), dict.fromkeys(OUTPUTS, ("n", WIDTH))
    return canvas.model("all-MiniLM-L6-v2", *shapes)


class _Encoder:
    def __init__(self, weights: Mapping[str, Floats], kernels: Exact, canvas: Canvas) -> None:
        self._weights, self._kernels, self._canvas = weights, kernels, canvas

    def draw(self) -> None:
        mask = self._kernels.mask(self._canvas)
        states = self._embeddings()
        for layer in range(LAYERS):
            states = self._layer(f"layer{layer}", f"encoder.layer.{layer}", states, mask)
            if layer == MIDDLE:
                self._pool("middle", states)
        self._pool("embedding", states)

    def _embeddings(self) -> str:
        canvas, words = self._canvas, self._weights["embeddings.word_embeddings.weight"]
        # Every token is of type 0 where there is one sentence, so that its vector belongs to the positions.
        positions = self._weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
        positions = positions + self._weights["embeddings.token_type_embeddings.weight"][0]
        tokens = canvas.op("Gather", canvas.constant("words", words), "input_ids", name="tokens")
        length = canvas.op("Shape", "input_ids", name="length", start=1, end=2)
        start = canvas.constant("start", np.array([0], dtype=np.int64))
        here = canvas.op("Slice", canvas.constant("positions", positions), start, length, name="here")
        return self._norm("embeddings", canvas.op("Add", tokens, here, name="embedded"))

    def _layer(self, name: str, key: str, states: str, mask: str) -> str:
        kernels, canvas = self._kernels, self._canvas
        projections = [self._linear(f"{key}.attention.self.{part}") for part in ("query", "key", "value")]
        context = kernels.attention(canvas, f"{name}.attention", states, projections, mask)
        states = self._residual(f"{name}.context", f"{key}.attention.output", context, states)
        inner = self._linear(f"{key}.intermediate.dense")
        hidden = kernels.activated(canvas, f"{name}.intermediate", states, inner)
        return self._residual(f"{name}.output", f"{key}.output", hidden, states)

    def _residual(self, name: str, key: str, hidden: str, states: str) -> str:
        dense = self._kernels.dense(self._canvas, name, hidden, self._linear(f"{key}.dense"))
        return self._norm(key, self._canvas.op("Add", dense, states, name=f"{name}.sum"))

    def _norm(self, key: str, states: str) -> str:
        scale, shift = (self._weights[f"{key}.LayerNorm.{part}"] for part in ("weight", "bias"))
        return self._kernels.norm(self._canvas, f"{key}.norm", states, Scaling(scale, shift))

    def _pool(self, name: str, states: str) -> None:
        # A product adds up in the order of the tokens, whatever else is in the batch, so that padding and neighbours
        # change no bit of it. The number of tokens need not be known: what is scaled to length 1 has none left.
        canvas, axis = self._canvas, self._canvas.constant("tokens_axis", np.array([1], dtype=np.int64))
        kept = canvas.op("Cast", "attention_mask", name=f"{name}.kept", to=TensorProto.FLOAT)
        row = canvas.op("Unsqueeze", kept, axis, name=f"{name}.row")
        total = canvas.op("MatMul", row, states, name=f"{name}.total")
        canvas.op("LpNormalization", canvas.op("Squeeze", total, axis, name=f"{name}.sum"), name=name, axis=-1, p=2)

    def _linear(self, key: str) -> Linear:
        return Linear(self._weights[f"{key}.weight"].T, self._weights[f"{key}.bias"])
