import json

import pytest

from triage.artifacts.export import export_model
from triage.artifacts.store import encoder_folder, model_folder
from triage.encoder.architecture import graph_file
from triage.errors import ModelError
from triage.model import load_model


@pytest.fixture
def exported(built, models_dir, tmp_path):
    manifest = export_model(models_dir, "triage", "int8", tmp_path / "served")
    assert manifest == built.model
    return tmp_path / "served"


def test_an_exported_model_answers_like_the_original(exported, sample):
    texts = ["I was charged twice for order 1189.", "The lock says offline."]
    copy, original = load_model(exported, "triage", "int8").decide(texts), sample.decide(texts)
    assert copy.categories == original.categories
    assert copy.confidence.tolist() == original.confidence.tolist()


def test_only_what_is_served_is_copied(exported, built, models_dir):
    files = {path.relative_to(exported) for path in exported.rglob("*") if path.is_file()}
    encoder, model = encoder_folder(exported, built.encoder.key), model_folder(exported, built.model)
    expected = {encoder / name for name in ("manifest.json", "tokenizer.json", graph_file("int8"))}
    expected |= {model / name for name in ("manifest.json", *built.model.files)}
    assert files == {path.relative_to(exported) for path in expected}


def test_the_other_precision_cannot_be_served_from_it(exported):
    with pytest.raises(ModelError, match=r"encoder-fp32\.onnx is missing"):
        load_model(exported, "triage", "fp32")


def test_exporting_again_changes_nothing(exported, models_dir):
    before = {path: path.stat().st_mtime_ns for path in exported.rglob("*.onnx")}
    export_model(models_dir, "triage", "int8", exported)
    assert before == {path: path.stat().st_mtime_ns for path in exported.rglob("*.onnx")}


def test_a_damaged_model_is_not_exported(exported, built, tmp_path):
    heads = next(iter(built.model.files))
    (model_folder(exported, built.model) / heads).write_bytes(b"damaged")
    with pytest.raises(ModelError, match="SHA-256 differs"):
        export_model(exported, "triage", "int8", tmp_path / "other")
    assert not list((tmp_path / "other").rglob("*.onnx"))


def test_an_exported_folder_says_what_it_holds(exported, built):
    manifest = json.loads((encoder_folder(exported, built.encoder.key) / "manifest.json").read_text())
    assert sorted(manifest["files"]) == ["encoder-int8.onnx", "tokenizer.json"]
