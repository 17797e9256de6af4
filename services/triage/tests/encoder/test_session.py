import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from triage.artifacts.store import encoder_folder
from triage.encoder.session import Encoder
from triage.errors import ModelError

TEXTS = [f"message {i} " + "and so on " * (i % 40) for i in range(150)]
SAME = {"int8": 1e-6, "fp32": 1e-5}
"""How far the numbers of one text may be apart, whatever shares its run: in int8 sums are of integers, and exact."""


def test_answers_come_in_the_order_of_the_texts(encoders):
    embeddings = encoders["fp32"].encode(TEXTS)
    assert embeddings.shape == (150, 384)
    assert embeddings.dtype == np.float32
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    for row in (0, 39, 40, 149):
        assert np.allclose(embeddings[row], encoders["fp32"].encode([TEXTS[row]])[0], atol=1e-5)


@pytest.mark.parametrize("precision", ["int8", "fp32"])
def test_an_answer_does_not_depend_on_its_neighbours(encoders, precision):
    together = encoders[precision].features(TEXTS)
    alone = np.concatenate([encoders[precision].features([text]) for text in TEXTS])
    assert np.abs(together - alone).max() < SAME[precision]
    reverse = encoders[precision].features(TEXTS[::-1])[::-1]
    assert np.abs(reverse - alone).max() < SAME[precision]


def test_no_texts_give_no_embeddings(encoders):
    assert encoders["int8"].encode([]).shape == (0, 384)


def test_what_exceeds_256_tokens_is_cut(encoders):
    long = "word " * 300
    assert np.allclose(*encoders["fp32"].encode([long, long + "and a different end"]), atol=1e-6)


def test_threads_may_share_an_encoder(encoders):
    expected = encoders["fp32"].encode(TEXTS[:40])
    with ThreadPoolExecutor(4) as pool:
        for embeddings in pool.map(lambda _: encoders["fp32"].encode(TEXTS[:40]), range(4)):
            assert np.allclose(embeddings, expected, atol=1e-6)


def test_a_damaged_graph_is_refused(built, models_dir, tmp_path):
    folder = tmp_path / "encoder"
    shutil.copytree(encoder_folder(models_dir, built.encoder.key), folder)
    graph = folder / "encoder-int8.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)
    with pytest.raises(ModelError, match="not the file that was written"):
        Encoder(folder, "int8")


def test_an_unknown_precision_is_refused(built, models_dir):
    with pytest.raises(ModelError, match="int8, fp32"):
        Encoder(encoder_folder(models_dir, built.encoder.key), "fp16")


def test_serving_imports_nothing_that_only_training_needs(models_dir):
    program = f"""
import sys
from pathlib import Path
from slipway.workload import Context
from triage.workload import Message, Triage
triage = Triage(Context(Path({str(models_dir)!r}), "triage"))
triage.load()
triage.predict([Message(text="Where is my parcel?")])
print(sorted({{"sklearn", "onnx", "safetensors", "scipy", "matplotlib"}} & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"
