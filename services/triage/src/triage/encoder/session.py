"""Texts in, embeddings out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from triage.arrays import Floats
from triage.artifacts.folder import read_manifest, verify
from triage.artifacts.manifest import EncoderManifest
from triage.encoder.architecture import FEATURES, PRECISIONS, TOKENIZER_FILE, WIDTH, graph_file
from triage.encoder.runs import runs
from triage.encoder.tokens import Tokens
from triage.errors import ModelError

_TEXTS = 1_024
"""Texts that are tokenised at a time, so that memory stays bounded."""


def session_options() -> ort.SessionOptions:
    """Return how a session runs: in the thread that calls it.

    The graph is fused as it is written, so that of ONNX Runtime's optimisations only the basic ones are of use.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # the cores work on different texts
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return options


class Encoder:
    """Embeds texts in the thread that calls. Any number of threads may share one: each is a lane of its own."""

    def __init__(self, folder: Path, precision: str) -> None:
        """Load the encoder of a folder.

        Args:
            folder: an encoder artifact.
            precision: `int8` or `fp32`.

        Raises:
            ModelError: a file is missing or damaged, or there is no such precision.
        """
        if precision not in PRECISIONS:
            raise ModelError(f"There is no precision {precision!r}; take one of {', '.join(PRECISIONS)}.")
        self.precision = precision
        graph = graph_file(precision)
        verify(folder, read_manifest(folder, EncoderManifest), (TOKENIZER_FILE, graph))
        self._tokens = Tokens(folder)
        self._session = ort.InferenceSession(folder / graph, session_options(), providers=["CPUExecutionProvider"])

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return the embeddings as published, float32 [texts, 384], each of length 1."""
        return self.features(texts)[:, :WIDTH]

    def features(self, texts: Sequence[str]) -> Floats:
        """Return what a head sees, float32 [texts, 768]: the embedding, then the mean of the middle layer.

        Texts of like length share a run. What a text's neighbours are changes its numbers by rounding only: by 1.2e-7
        at most, as far as was seen.

        Args:
            texts: the texts; what exceeds 256 tokens is cut.
        """
        features = np.empty((len(texts), FEATURES), dtype=np.float32)
        for start in range(0, len(texts), _TEXTS):
            tokens = self._tokens.of(texts[start : start + _TEXTS])
            part = features[start : start + len(tokens)]
            for run in runs([len(ids) for ids in tokens]):
                self._run([tokens[position] for position in run], part, run)
        return features

    def _run(self, tokens: Sequence[Sequence[int]], features: Floats, rows: Sequence[int]) -> None:
        longest = len(tokens[-1])
        ids = np.zeros((len(tokens), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, of_text in enumerate(tokens):
            ids[row, : len(of_text)] = of_text
            mask[row, : len(of_text)] = 1
        embedding, middle = self._session.run(["embedding", "middle"], {"input_ids": ids, "attention_mask": mask})
        features[rows, :WIDTH], features[rows, WIDTH:] = embedding, middle
