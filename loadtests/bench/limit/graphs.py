"""The graphs whose limit is measured, and where they are."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import onnxruntime as ort

from loadtests.bench.limit.model import Model
from loadtests.bench.limit.plain import plain_graph
from triage.artifacts.store import encoder_folder, find_model, model_folder
from triage.encoder.architecture import PRECISIONS, graph_file
from triage.encoder.session import session_options
from triage.errors import ModelError
from triage.model import HEADS_FILE

_SAMPLE = "triage"


@dataclass(frozen=True, slots=True)
class Graphs:
    """Opens graphs with the tokenizer and the heads of the sample model."""

    encoder: Path
    heads: Path
    scratch: Path
    """Where the plain graph is kept; it is built once for the code that builds it."""

    @classmethod
    def of(cls, models: Path, scratch: Path) -> "Graphs":
        """Find the sample model.

        Raises:
            ModelError: it is not there; the text says how to build it.
        """
        manifest = find_model(models, _SAMPLE)
        encoder = encoder_folder(models, manifest.encoder)
        if not all((encoder / graph_file(precision)).is_file() for precision in PRECISIONS):
            raise ModelError(f"The model's encoder is not whole in {encoder}. `make model` builds it.")
        return cls(encoder, model_folder(models, manifest) / HEADS_FILE, scratch)

    def opener(self, graph: str) -> Callable[[int], Model]:
        """Return what loads a graph (`int8`, `fp32`, `fp32_plain`) with so many threads inside a run."""
        plain = graph == "fp32_plain"
        path = plain_graph(self.scratch) if plain else self.encoder / graph_file(graph)

        def load(threads: int) -> Model:
            # The plain graph has ONNX Runtime's defaults, fusions included; the others what they are served with.
            options = ort.SessionOptions() if plain else session_options()
            options.intra_op_num_threads = threads
            return Model(path, self.encoder, self.heads, options)

        return load
