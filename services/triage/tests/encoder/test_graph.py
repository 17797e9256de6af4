"""The graph against a forward pass in numpy that shares no code with it."""

import math

import numpy as np
import pytest
from tokenizers import Tokenizer

from triage.encoder.weights import read_tokenizer, read_weights

TEXTS = [
    "ok",
    "Where is my parcel? It was due on Tuesday.",
    "PLEASE cancel!! order 40-88213, €79 — danke \N{SLIGHTLY SMILING FACE}",
    "The lock has been offline since the update. " * 12,
    "battery " * 600,
]
erf = np.vectorize(math.erf, otypes=[np.float64])


def tokens_of(text):
    tokenizer = Tokenizer.from_str(read_tokenizer().decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    return tokenizer.encode(text).ids


def reference(text):
    weights = {name: tensor.astype(np.float64) for name, tensor in read_weights().items() if "position_ids" not in name}
    ids = tokens_of(text)

    def dense(x, key):
        return x @ weights[f"{key}.weight"].T + weights[f"{key}.bias"]

    def norm(x, key):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-12)
        return scaled * weights[f"{key}.LayerNorm.weight"] + weights[f"{key}.LayerNorm.bias"]

    x = weights["embeddings.word_embeddings.weight"][ids]
    x = x + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings")
    for layer in range(6):
        key = f"encoder.layer.{layer}"
        heads = []
        q, k, v = (dense(x, f"{key}.attention.self.{part}") for part in ("query", "key", "value"))
        for head in range(12):
            part = slice(head * 32, head * 32 + 32)
            scores = np.exp(q[:, part] @ k[:, part].T / math.sqrt(32))
            heads.append(scores / scores.sum(-1, keepdims=True) @ v[:, part])
        x = norm(dense(np.hstack(heads), f"{key}.attention.output.dense") + x, f"{key}.attention.output")
        hidden = dense(x, f"{key}.intermediate.dense")
        hidden = hidden * (1 + erf(hidden / math.sqrt(2))) / 2
        x = norm(dense(hidden, f"{key}.output.dense") + x, f"{key}.output")
    mean = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:12])
def test_fp32_is_the_published_model(encoders, text):
    assert np.abs(encoders["fp32"].encode([text])[0] - reference(text)).max() < 1e-4


def test_int8_stays_close(encoders):
    cosine = (encoders["fp32"].encode(TEXTS) * encoders["int8"].encode(TEXTS)).sum(axis=1)
    assert cosine.min() > 0.97
