"""The obvious export in fp32: operators as an exporter writes them, with no fusion and no weight prepared by us.

Layer norm and GELU are decomposed, queries, keys and values are three multiplications, the scores are divided, the
mask is added as the least float32. Inputs and outputs are those of the shipped graphs, so that both answer the same
question. ONNX Runtime fuses what it recognises when it loads a graph; that is its default, and stays on.
"""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from triage.encoder.architecture import HEAD_WIDTH, HEADS, LAYERS, MIDDLE, NORM_EPSILON, WIDTH
from triage.encoder.weights import read_weights

_OPSET, _IR_VERSION = 17, 8
_LEAST_COUNT = 1e-9
_LEAST_LENGTH = 1e-12
Array = NDArray[np.generic]


def plain_graph(folder: Path) -> Path:
    """Return the path of the graph in a folder, where it is written unless it is there."""
    # Named after the code that writes it: a graph of other code is another graph.
    path = folder / f"plain-fp32-{sha256(Path(__file__).read_bytes()).hexdigest()[:12]}.onnx"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}")
        onnx.save(_Export(read_weights()).build(), draft)
        draft.replace(path)
    return path


class _Export:
    def __init__(self, weights: Mapping[str, NDArray[np.float32]]) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def build(self) -> onnx.ModelProto:
        mask = self._op("Cast", "attention_mask", to=TensorProto.FLOAT)
        bias = self._bias(mask)
        states = self._norm("embeddings.LayerNorm", self._embedded())
        for layer in range(LAYERS):
            states = self._layer(f"encoder.layer.{layer}", states, bias)
            if layer == MIDDLE:
                self._pool(states, mask, "middle")
        self._pool(states, mask, "embedding")
        return self._model()

    def _embedded(self) -> str:
        words = self._op("Gather", self._weight("embeddings.word_embeddings.weight"), "input_ids")
        kinds = self._op("Sub", "input_ids", "input_ids")
        of_kind = self._op("Gather", self._weight("embeddings.token_type_embeddings.weight"), kinds)
        length = self._op("Gather", self._op("Shape", "input_ids"), self._value(1, np.int64))
        places = self._op("Range", self._value(0, np.int64), length, self._value(1, np.int64))
        of_place = self._op("Gather", self._weight("embeddings.position_embeddings.weight"), places)
        return self._op("Add", self._op("Add", words, of_kind), of_place)

    def _bias(self, mask: str) -> str:
        spread = self._op("Unsqueeze", mask, self._value([1, 2], np.int64))
        padding = self._op("Sub", self._value(1), spread)
        return self._op("Mul", padding, self._value(float(np.finfo(np.float32).min)))

    def _layer(self, key: str, states: str, bias: str) -> str:
        context = self._attention(f"{key}.attention.self", states, bias)
        summed = self._op("Add", self._dense(f"{key}.attention.output.dense", context), states)
        states = self._norm(f"{key}.attention.output.LayerNorm", summed)
        hidden = self._gelu(self._dense(f"{key}.intermediate.dense", states))
        summed = self._op("Add", self._dense(f"{key}.output.dense", hidden), states)
        return self._norm(f"{key}.output.LayerNorm", summed)

    def _attention(self, key: str, states: str, bias: str) -> str:
        queries, values = (self._by_head(f"{key}.{part}", states, [0, 2, 1, 3]) for part in ("query", "value"))
        keys = self._by_head(f"{key}.key", states, [0, 2, 3, 1])
        scores = self._op("Div", self._op("MatMul", queries, keys), self._value(HEAD_WIDTH**0.5))
        shares = self._op("Softmax", self._op("Add", scores, bias), axis=-1)
        context = self._op("Transpose", self._op("MatMul", shares, values), perm=[0, 2, 1, 3])
        return self._op("Reshape", context, self._value([0, 0, WIDTH], np.int64))

    def _by_head(self, key: str, states: str, order: list[int]) -> str:
        heads = self._op("Reshape", self._dense(key, states), self._value([0, 0, HEADS, HEAD_WIDTH], np.int64))
        return self._op("Transpose", heads, perm=order)

    def _dense(self, key: str, states: str) -> str:
        weight = self._keep(f"{key}.weight.t", self._weights[f"{key}.weight"].T)
        return self._op("Add", self._op("MatMul", states, weight), self._weight(f"{key}.bias"))

    def _norm(self, key: str, states: str) -> str:
        away = self._op("Sub", states, self._op("ReduceMean", states, axes=[-1]))
        variance = self._op("ReduceMean", self._op("Pow", away, self._value(2)), axes=[-1])
        deviation = self._op("Sqrt", self._op("Add", variance, self._value(NORM_EPSILON)))
        scaled = self._op("Mul", self._op("Div", away, deviation), self._weight(f"{key}.weight"))
        return self._op("Add", scaled, self._weight(f"{key}.bias"))

    def _gelu(self, hidden: str) -> str:
        share = self._op("Erf", self._op("Div", hidden, self._value(2**0.5)))
        both = self._op("Mul", hidden, self._op("Add", share, self._value(1)))
        return self._op("Mul", both, self._value(0.5))

    def _pool(self, states: str, mask: str, name: str) -> None:
        tokens, spread = self._value([1], np.int64), self._op("Unsqueeze", mask, self._value([-1], np.int64))
        total = self._op("ReduceSum", self._op("Mul", states, spread), tokens, keepdims=0)
        count = self._op("Max", self._op("ReduceSum", spread, tokens, keepdims=0), self._value(_LEAST_COUNT))
        mean = self._op("Div", total, count)
        length = self._op("Max", self._op("ReduceL2", mean, axes=[1]), self._value(_LEAST_LENGTH))
        self._op("Div", mean, length, name=name)

    def _op(self, kind: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        name = name or f"{kind}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def _weight(self, key: str) -> str:
        return self._keep(key, self._weights[key])

    def _value(self, value: float | list[int], kind: type[np.generic] = np.float32) -> str:
        return self._keep(f"{kind.__name__}:{value}", np.array(value, dtype=kind))

    def _keep(self, name: str, array: Array) -> str:
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name)
        return name

    def _model(self) -> onnx.ModelProto:
        ends = {"input_ids": TensorProto.INT64, "attention_mask": TensorProto.INT64}
        inputs = [helper.make_tensor_value_info(name, kind, ["n", "tokens"]) for name, kind in ends.items()]
        outputs = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", WIDTH]) for name in ("embedding", "middle")
        ]
        graph = helper.make_graph(self._nodes, "plain", inputs, outputs, list(self._constants.values()))
        opset = helper.make_opsetid("", _OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION, producer_name="plain")
        onnx.checker.check_model(model)
        return model
