"""Texts in, embeddings out."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from triage.arrays import Floats
from triage.artifacts.folder import read_manifest, verify
from triage.artifacts.manifest import EncoderManifest
from triage.encoder.architecture import FEATURES, MAX_TOKENS, PRECISIONS, TOKENIZER_FILE, WIDTH, graph_file
from triage.encoder.cores import available_cores
from triage.errors import ModelError

_TEXTS = 1_024
"""Texts that are tokenised at a time, so that memory stays bounded."""


class Encoder:
    """Embeds texts, each in a run of its own. Any number of threads may share one.

    In int8 the activations of a run share one scale: in a batch, a text's neighbours would move its embedding, and
    its answer with it. Nor would a batch be faster: both take 5.8 ms of processor time for a message of the sample
    data (37 tokens in the mean), as nothing is padded here.
    """

    def __init__(self, folder: Path, precision: str, threads: int = 0) -> None:
        """Load the encoder of a folder.

        Args:
            folder: an encoder artifact.
            precision: `int8` or `fp32`.
            threads: texts at a time; 0: one for each core that this process may use.

        Raises:
            ModelError: a file is missing or damaged, or there is no such precision.
        """
        if precision not in PRECISIONS:
            raise ModelError(f"There is no precision {precision!r}; take one of {', '.join(PRECISIONS)}.")
        self.precision = precision
        verify(folder, read_manifest(folder, EncoderManifest), (TOKENIZER_FILE, graph_file(precision)))
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._session = ort.InferenceSession(
            folder / graph_file(precision), _options(), providers=["CPUExecutionProvider"]
        )
        self._pool = ThreadPoolExecutor(threads or available_cores(), thread_name_prefix="encoder")

    def encode(self, texts: Sequence[str], advance: Callable[[int], None] | None = None) -> Floats:
        """Return the embeddings as published, float32 [texts, 384], each of length 1."""
        return self.features(texts, advance)[:, :WIDTH]

    def features(self, texts: Sequence[str], advance: Callable[[int], None] | None = None) -> Floats:
        """Return what a head sees, float32 [texts, 768]: the embedding, then the mean of the middle layer.

        Args:
            texts: the texts; what exceeds 256 tokens is cut.
            advance: told how many more texts are done.
        """
        features = np.empty((len(texts), FEATURES), dtype=np.float32)
        for start in range(0, len(texts), _TEXTS):
            part = texts[start : start + _TEXTS]
            tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(part))]
            for row, of_text in enumerate(self._pool.map(self._run, tokens), start):
                features[row] = of_text
                if advance:
                    advance(1)
        return features

    def _run(self, tokens: Sequence[int]) -> Floats:
        ids = np.array([tokens], dtype=np.int64)
        outputs = self._session.run(["embedding", "middle"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        features: Floats = np.concatenate(outputs, axis=1)[0]
        return features


def _options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1  # the cores work on different texts
    return options
