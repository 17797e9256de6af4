"""The sample's model as somebody would serve it without Slipway: the same graph, tokenizer, heads and session options.

The servers of all frameworks run it, so it needs NumPy, ONNX Runtime and tokenizers, and nothing of Slipway.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

_MAX_TOKENS = 256
"""Longer texts are cut."""
_OUT_OF_SCOPE = "out_of_scope"

Runs = list[list[int]]
"""Positions of the texts that are run together."""


class Answer(TypedDict):
    """What the model says of one text."""

    category: str
    confidence: float
    needs_human: bool
    priority: str


class Model:
    """Answers texts, in the thread that asks. Any number of threads may share one."""

    def __init__(
        self, *, encoder: str, heads: str, session: dict[str, Any], entries: dict[str, str], way: str, bounds: list[int]
    ) -> None:
        """Load it.

        Args:
            encoder: folder of `encoder-int8.onnx` and `tokenizer.json`.
            heads: file of the heads, `heads.npz`; `manifest.json` lies beside it.
            session: attributes of the ONNX Runtime session, by name; numbers for enumerated ones.
            entries: its configuration entries, by key.
            way: how texts are run, of `WAYS`; or a file that says it, which is read at every batch: so a server that
                takes long to start can be tried in every way.
            bounds: where texts are `sorted`, the most tokens of a run, and the most of them that are padding.
        """
        self._way, self._bounds = way, bounds
        self._tokenizer = Tokenizer.from_file(str(Path(encoder) / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(_MAX_TOKENS)
        self._session = ort.InferenceSession(
            Path(encoder) / "encoder-int8.onnx", _options(session, entries), providers=["CPUExecutionProvider"]
        )
        manifest = json.loads(Path(heads).with_name("manifest.json").read_text(encoding="utf-8"))
        self._threshold: float = manifest["threshold"]
        self._labels = [head["labels"] for head in manifest["heads"]]
        with np.load(heads, allow_pickle=False) as arrays:
            self._heads = [(arrays[f"{i}.weights"], arrays[f"{i}.bias"]) for i in range(len(self._labels))]

    def predict(self, texts: Sequence[str]) -> list[Answer]:
        """Return an answer for each text, in order."""
        features = self._features(texts)
        categories, confidence = self._decide(0, features)
        priorities, _ = self._decide(1, features)
        return [
            Answer(
                category=category,
                confidence=round(float(sure), 4),
                needs_human=bool(sure < self._threshold or category == _OUT_OF_SCOPE),
                priority=priority,
            )
            for category, sure, priority in zip(categories, confidence, priorities, strict=True)
        ]

    def _features(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        runs = _division(self._way)([len(of_text) for of_text in tokens], self._bounds)
        features = np.concatenate([self._run([tokens[text] for text in run]) for run in runs])
        return features[np.argsort(np.concatenate(runs))]

    def _run(self, tokens: list[list[int]]) -> NDArray[np.float32]:
        ids = np.zeros((len(tokens), max(map(len, tokens))), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, of_text in enumerate(tokens):
            ids[row, : len(of_text)], mask[row, : len(of_text)] = of_text, 1
        outputs = self._session.run(["embedding", "middle"], {"input_ids": ids, "attention_mask": mask})
        features: NDArray[np.float32] = np.concatenate(outputs, axis=1)
        return features

    def _decide(self, head: int, features: NDArray[np.float32]) -> tuple[list[str], NDArray[np.float64]]:
        weights, bias = self._heads[head]
        logits = (features @ weights + bias).astype(np.float64)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        best = shares.argmax(axis=1)
        sure = shares[np.arange(len(best)), best] / shares.sum(axis=1)
        return [self._labels[head][index] for index in best], sure


def _together(lengths: Sequence[int], bounds: Sequence[int]) -> Runs:
    del bounds
    return [list(range(len(lengths)))]


def _each(lengths: Sequence[int], bounds: Sequence[int]) -> Runs:
    del bounds
    return [[text] for text in range(len(lengths))]


def _sorted(lengths: Sequence[int], bounds: Sequence[int]) -> Runs:
    most, padding = bounds
    runs: Runs = []
    real = 0
    for text in sorted(range(len(lengths)), key=lengths.__getitem__):
        size = (len(runs[-1]) + 1) * lengths[text] if runs else 0
        if runs and size <= most and size - real - lengths[text] <= padding:
            runs[-1].append(text)
            real += lengths[text]
        else:
            runs.append([text])
            real = lengths[text]
    return runs


WAYS: dict[str, Callable[[Sequence[int], Sequence[int]], Runs]] = {
    "padded": _together,
    "each": _each,
    "sorted": _sorted,
}
"""By their lengths in tokens, texts are run all together, padded to the longest; each by itself; or sorted by length,
as many together as bounds of tokens and of padding allow, which is what Slipway does."""


def _division(way: str) -> Callable[[Sequence[int], Sequence[int]], Runs]:
    return WAYS.get(way) or WAYS[Path(way).read_text(encoding="utf-8")]


def _options(session: dict[str, Any], entries: dict[str, str]) -> ort.SessionOptions:
    options = ort.SessionOptions()
    for name, value in session.items():
        setattr(options, name, type(getattr(options, name))(value))
    for key, value in entries.items():
        options.add_session_config_entry(key, value)
    return options
