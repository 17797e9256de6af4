"""Texts in, embeddings out."""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

from triage.arrays import Floats, Integers
from triage.artifacts.folder import read_manifest, verify
from triage.artifacts.manifest import EncoderManifest
from triage.encoder.architecture import MAX_TOKENS, PRECISIONS, TOKENIZER_FILE, WIDTH, graph_file
from triage.errors import ModelError

_ROWS = 16
_TOKENS = 2_048
"""Bounds of one run of the graph. Larger runs leave the processor's caches and are slower, and take more memory."""
_TEXTS = 1_024
"""Texts that are tokenised and sorted at a time, so that memory stays bounded."""


class Encoder:
    """Embeds texts. Any number of threads may share one."""

    def __init__(self, folder: Path, precision: str, threads: int = 0) -> None:
        """Load the encoder of a folder.

        Args:
            folder: an encoder artifact.
            precision: `int8` or `fp32`.
            threads: threads of one run; 0: one for each core that this process may use.

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
            folder / graph_file(precision), _options(threads), providers=["CPUExecutionProvider"]
        )

    def encode(self, texts: Sequence[str], advance: Callable[[int], None] | None = None) -> Floats:
        """Return the embeddings, float32 [texts, 384], each of length 1.

        Args:
            texts: the texts, in any order of lengths; what exceeds 256 tokens is cut.
            advance: told how many more texts are done.
        """
        embeddings = np.empty((len(texts), WIDTH), dtype=np.float32)
        for start in range(0, len(texts), _TEXTS):
            part = texts[start : start + _TEXTS]
            tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(part))]
            for rows in _batches([len(ids) for ids in tokens]):
                embeddings[start + rows] = self._run([tokens[row] for row in rows])
                if advance:
                    advance(len(rows))
        return embeddings

    def _run(self, tokens: Sequence[Sequence[int]]) -> Floats:
        ids = np.zeros((len(tokens), max(map(len, tokens))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, of_text in enumerate(tokens):
            ids[row, : len(of_text)] = of_text
            mask[row, : len(of_text)] = 1
        (embeddings,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return embeddings  # type: ignore[no-any-return]  # the graph's only output is float32 [n, 384]


def _batches(lengths: Sequence[int]) -> Iterator[Integers]:
    """Yield the rows of each run: neighbours in length, so that little is padded."""
    order, start = np.argsort(lengths, kind="stable"), 0
    for end in range(1, len(order) + 1):
        rows = end - start
        if end == len(order) or rows == _ROWS or (rows + 1) * lengths[order[end]] > _TOKENS:
            yield order[start:end]
            start = end


def _options(threads: int) -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads or _available_cores()
    # A waiting thread that spins takes the core from the event loop beside it; measured, it gains nothing.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _available_cores() -> int:
    # Linux only: other systems do not say what a process may use.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
