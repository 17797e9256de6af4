from collections import Counter

import numpy as np
import onnx
import pytest
from loadtests.bench.limit.plain import plain_graph

from triage.encoder.architecture import LAYERS


def test_nothing_is_fused_beforehand(graphs):
    model = onnx.load(plain_graph(graphs.scratch))
    kinds = Counter(node.op_type for node in model.graph.node)

    assert {node.domain for node in model.graph.node} == {""}
    assert not kinds.keys() & {"LayerNormalization", "Gelu", "Attention", "LpNormalization"}
    assert kinds["Erf"] == LAYERS
    assert kinds["Sqrt"] == 2 * LAYERS + 1
    # Queries, keys, values, scores, context and three dense layers are multiplications of their own.
    assert kinds["MatMul"] == 8 * LAYERS


def test_it_is_written_once(graphs):
    first = plain_graph(graphs.scratch).stat().st_mtime_ns

    assert plain_graph(graphs.scratch).stat().st_mtime_ns == first


@pytest.mark.parametrize("text", ["ok", "Where is my parcel? It was due on Tuesday.", "battery " * 600])
def test_it_is_the_model_that_ships(graphs, text):
    ships, plain = (graphs.opener(graph)(1) for graph in ("fp32", "fp32_plain"))
    tokens = ships.tokenise([text])

    for expected, found in zip(ships.run(tokens), plain.run(tokens), strict=True):
        assert np.abs(expected - found).max() < 1e-4
