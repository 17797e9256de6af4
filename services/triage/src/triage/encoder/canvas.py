"""What an ONNX graph is drawn on: nodes and constants, each added by name."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

CONTRIB = "com.microsoft"
"""ONNX Runtime's own operators: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md."""
_OPSET = 20
"""The first with `Gelu`."""
_IR_VERSION = 10


class Canvas:
    """Collects a graph. A tensor is known by its name, which is also its node's."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def op(self, kind: str, *inputs: str, name: str, domain: str = "", **attributes: Any) -> str:
        """Add a node of one output, and return its name."""
        self._nodes.append(helper.make_node(kind, list(inputs), [name], name=name, domain=domain, **attributes))
        return name

    def constant(self, name: str, value: NDArray[np.generic] | np.generic) -> str:
        """Add a constant, unless there is one of this name, and return its name."""
        if name not in self._constants:
            self._constants[name] = numpy_helper.from_array(np.asarray(value, order="C"), name)
        return name

    def model(
        self, name: str, inputs: Mapping[str, Sequence[str | int]], outputs: Mapping[str, Sequence[str | int]]
    ) -> onnx.ModelProto:
        """Return the model, checked.

        Args:
            name: the graph's.
            inputs: shapes of the inputs, all int64; a string is a size that is known when it runs.
            outputs: shapes of the outputs, all float32.
        """
        taken = [helper.make_tensor_value_info(each, onnx.TensorProto.INT64, shape) for each, shape in inputs.items()]
        given = [helper.make_tensor_value_info(each, onnx.TensorProto.FLOAT, shape) for each, shape in outputs.items()]
        graph = helper.make_graph(self._nodes, name, taken, given, list(self._constants.values()))
        opsets = [helper.make_opsetid("", _OPSET), helper.make_opsetid(CONTRIB, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="slipway")
        onnx.checker.check_model(model)
        return model
