"""Texts in, answers out, with the least code there can be: tokenizer, graph, heads, and no Slipway."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

from triage.encoder.architecture import MAX_TOKENS, TOKENIZER_FILE

Floats = NDArray[np.float32]
_OUTPUTS = ["embedding", "middle"]


class Model:
    """One graph with the heads of the sample. Any number of threads may share it."""

    def __init__(self, graph: Path, tokenizer: Path, heads: Path, options: ort.SessionOptions) -> None:
        """Load them.

        Args:
            graph: a graph with the inputs and outputs of the encoder.
            tokenizer: the folder of `tokenizer.json`.
            heads: `heads.npz` of a model.
            options: how ONNX Runtime is to run the graph.
        """
        self._session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(tokenizer / TOKENIZER_FILE))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._heads = _read(heads)

    def tokenise(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the token numbers of each text; what exceeds 256 is cut."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(list(texts))]

    def answer(self, tokens: Sequence[Sequence[int]]) -> list[tuple[int, float]]:
        """Return the first head's answer to each text, and how sure it is; all heads are evaluated."""
        features = np.concatenate(self.run(tokens), axis=1)
        answers, *_ = [_decide(features @ weights + bias) for weights, bias in self._heads]
        return answers

    def run(self, tokens: Sequence[Sequence[int]]) -> list[Floats]:
        """Return `embedding` and `middle` of one padded run, both float32 [texts, 384]."""
        longest = max(map(len, tokens))
        ids, mask = np.zeros((2, len(tokens), longest), dtype=np.int64)
        for row, of_text in enumerate(tokens):
            ids[row, : len(of_text)] = of_text
            mask[row, : len(of_text)] = 1
        outputs: list[Floats] = self._session.run(_OUTPUTS, {"input_ids": ids, "attention_mask": mask})
        return outputs


def _decide(logits: Floats) -> list[tuple[int, float]]:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    best = shares.argmax(axis=1)
    return list(zip(best.tolist(), shares[np.arange(len(best)), best].tolist(), strict=True))


def _read(heads: Path) -> list[tuple[Floats, Floats]]:
    with np.load(heads, allow_pickle=False) as arrays:
        return [(arrays[f"{i}.weights"], arrays[f"{i}.bias"]) for i in range(len(arrays.files) // 2)]
