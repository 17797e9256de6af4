"""The encoder as an ONNX graph of standard operators, written straight from the published tensors.

BERT after Devlin et al. 2018, with the mean of the token vectors scaled to length 1 as the sentence's embedding
(Reimers and Gurevych 2019). Inputs: `input_ids` and `attention_mask`, int64 [n, tokens]. Outputs: `embedding`, and
`middle`, the same of an earlier layer, which keeps more of a text's own words; both float32 [n, 384].
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from triage.arrays import Floats
from triage.encoder.architecture import HEAD_WIDTH, HEADS, LAYERS, MAX_TOKENS, MIDDLE, NORM_EPSILON, WIDTH

_OPSET = 20
"""The first with `Gelu`."""
_IR_VERSION = 10
_MASKED = np.float32(-1e4)
"""Added to the attention scores of padding: its share is then 0 in float32."""


def build_graph(weights: Mapping[str, Floats]) -> onnx.ModelProto:
    """Return the model in float32."""
    return _Graph(weights).build()


class _Graph:
    def __init__(self, weights: Mapping[str, Floats]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def build(self) -> onnx.ModelProto:
        mask = self._op("Cast", "attention_mask", name="mask", to=TensorProto.FLOAT)
        bias = self._attention_bias(mask)
        states = self._embeddings()
        for layer in range(LAYERS):
            states = self._feed_forward(layer, self._attention(layer, states, bias))
            if layer == MIDDLE:
                self._pool("middle", states, mask)
        self._pool("embedding", states, mask)
        return self._model()

    def _embeddings(self) -> str:
        words = self._weights["embeddings.word_embeddings.weight"]
        # Every token is of type 0 where there is one sentence, so that its vector belongs to the positions.
        positions = self._weights["embeddings.position_embeddings.weight"][:MAX_TOKENS]
        positions = positions + self._weights["embeddings.token_type_embeddings.weight"][0]
        tokens = self._op("Gather", self._constant("words", words), "input_ids", name="tokens")
        length = self._op("Shape", "input_ids", name="length", start=1, end=2)
        start = self._constant("start", np.array([0], dtype=np.int64))
        here = self._op("Slice", self._constant("positions", positions), start, length, name="here")
        return self._norm("embeddings", self._op("Add", tokens, here, name="embedded"))

    def _attention_bias(self, mask: str) -> str:
        padding = self._op("Sub", self._constant("one", np.float32(1)), mask, name="padding")
        axes = self._constant("head_and_query", np.array([1, 2], dtype=np.int64))
        spread = self._op("Unsqueeze", padding, axes, name="padding.spread")
        return self._op("Mul", spread, self._constant("masked", _MASKED), name="bias")

    def _attention(self, layer: int, states: str, bias: str) -> str:
        name, key = f"layer{layer}.attention", f"encoder.layer.{layer}.attention"
        queries, keys, values = self._projections(name, f"{key}.self", states)
        scores = self._op("MatMul", queries, keys, name=f"{name}.scores")
        shares = self._op("Softmax", self._op("Add", scores, bias, name=f"{name}.biased"), name=f"{name}.shares")
        context = self._op("MatMul", shares, values, name=f"{name}.context")
        context = self._op("Transpose", context, name=f"{name}.by_token", perm=[0, 2, 1, 3])
        joined = self._constant("joined", np.array([0, 0, WIDTH], dtype=np.int64))
        context = self._op("Reshape", context, joined, name=f"{name}.joined")
        return self._residual(f"{name}.output", f"{key}.output", context, states)

    def _projections(self, name: str, key: str, states: str) -> tuple[str, str, str]:
        # One multiplication for all three is faster; 1/sqrt(width) of the scores is folded into the queries.
        scales = {"query": np.float32(HEAD_WIDTH**-0.5), "key": np.float32(1), "value": np.float32(1)}
        weight = np.concatenate([self._weights[f"{key}.{part}.weight"] * scale for part, scale in scales.items()])
        bias = np.concatenate([self._weights[f"{key}.{part}.bias"] * scale for part, scale in scales.items()])
        together = self._dense(f"{name}.qkv", states, weight, bias)
        parts = [f"{name}.{part}" for part in scales]
        self._nodes.append(helper.make_node("Split", [together], parts, name=f"{name}.split", axis=-1, num_outputs=3))
        by_head = self._constant("by_head", np.array([0, 0, HEADS, HEAD_WIDTH], dtype=np.int64))
        queries, keys, values = (self._op("Reshape", part, by_head, name=f"{part}.heads") for part in parts)
        return (
            self._op("Transpose", queries, name=f"{queries}.t", perm=[0, 2, 1, 3]),
            self._op("Transpose", keys, name=f"{keys}.t", perm=[0, 2, 3, 1]),
            self._op("Transpose", values, name=f"{values}.t", perm=[0, 2, 1, 3]),
        )

    def _feed_forward(self, layer: int, states: str) -> str:
        name, key = f"layer{layer}", f"encoder.layer.{layer}"
        inner = [self._weights[f"{key}.intermediate.dense.{part}"] for part in ("weight", "bias")]
        hidden = self._op("Gelu", self._dense(f"{name}.intermediate", states, *inner), name=f"{name}.gelu")
        return self._residual(f"{name}.output", f"{key}.output", hidden, states)

    def _residual(self, name: str, key: str, hidden: str, states: str) -> str:
        outer = [self._weights[f"{key}.dense.{part}"] for part in ("weight", "bias")]
        return self._norm(key, self._op("Add", self._dense(name, hidden, *outer), states, name=f"{name}.sum"))

    def _pool(self, name: str, states: str, mask: str) -> None:
        last = self._constant("last", np.array([2], dtype=np.int64))
        tokens = self._constant("token_axis", np.array([1], dtype=np.int64))
        kept = self._op("Mul", states, self._op("Unsqueeze", mask, last, name=f"{name}.mask"), name=f"{name}.kept")
        total = self._op("ReduceSum", kept, tokens, name=f"{name}.total", keepdims=0)
        count = self._op("ReduceSum", mask, tokens, name=f"{name}.count", keepdims=1)
        self._op("LpNormalization", self._op("Div", total, count, name=f"{name}.mean"), name=name, axis=-1, p=2)

    def _dense(self, name: str, states: str, weight: Floats, bias: Floats) -> str:
        product = self._op("MatMul", states, self._constant(f"{name}.weight", weight.T), name=f"{name}.product")
        return self._op("Add", product, self._constant(f"{name}.bias", bias), name=name)

    def _norm(self, key: str, states: str) -> str:
        scale, shift = (self._weights[f"{key}.LayerNorm.{part}"] for part in ("weight", "bias"))
        parameters = self._constant(f"{key}.scale", scale), self._constant(f"{key}.shift", shift)
        return self._op("LayerNormalization", states, *parameters, name=f"{key}.norm", axis=-1, epsilon=NORM_EPSILON)

    def _op(self, kind: str, *inputs: str, name: str, **attributes: Any) -> str:
        self._nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def _constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        if all(constant.name != name for constant in self._constants):
            self._constants.append(numpy_helper.from_array(np.asarray(value, order="C"), name))
        return name

    def _model(self) -> onnx.ModelProto:
        inputs = [
            helper.make_tensor_value_info(name, TensorProto.INT64, ["n", "tokens"])
            for name in ("input_ids", "attention_mask")
        ]
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", WIDTH]) for name in ("embedding", "middle")
        ]
        graph = helper.make_graph(self._nodes, "all-MiniLM-L6-v2", inputs, outputs, self._constants)
        opset = helper.make_opsetid("", _OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION, producer_name="slipway")
        onnx.checker.check_model(model)
        return model
