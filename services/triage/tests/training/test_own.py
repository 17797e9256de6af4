import csv

import pytest

from triage.artifacts.folder import write_manifest
from triage.artifacts.store import list_models, model_folder
from triage.errors import DataError, ModelError
from triage.evaluation.evaluate import evaluate
from triage.evaluation.picture import draw
from triage.evaluation.report import as_text
from triage.model import HEADS_FILE, REFERENCE_FILE, load_model
from triage.progress import Silent
from triage.training.own import Source, train_on
from triage.training.train import Target

TOPICS = {
    "weather": "rain sun storm snow wind frost fog hail thunder drizzle",
    "food": "bread soup cheese apple noodles salad curry pancake olive bean",
    "music": "guitar song drum violin concert choir piano trumpet opera flute",
}


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "own.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["words", "topic"])
        for topic, words in TOPICS.items():
            writer.writerows(
                (f"{pattern} {word}", topic) for word in words.split() for pattern in ("the", "tell me about")
            )
    return Source(path, text_column="words", label_columns=("topic",))


def test_a_model_of_ones_own_is_trained_loaded_and_measured(own_models, data, tmp_path):
    manifest = train_on(data, Target(own_models, "mine"), Silent())
    model = load_model(own_models, "mine", "int8")
    assert model.version == f"{manifest.reference}+int8"
    decisions = model.decide(["a sandwich with butter", "an orchestra plays"])
    assert decisions.categories == ["food", "music"]
    assert decisions.priorities is None
    evaluation = evaluate(model, data.data, "words", (), Silent())
    assert evaluation.scores.accuracy > 0.9
    assert "accuracy covered" in as_text(evaluation)
    draw(evaluation, tmp_path / "pictures" / "mine.png")
    assert (tmp_path / "pictures" / "mine.png").read_bytes().startswith(b"\x89PNG")


def test_each_training_adds_a_version_and_the_newest_is_served(own_models, data):
    first = train_on(data, Target(own_models, "mine"), Silent())
    second = train_on(data, Target(own_models, "mine", accuracy=0.5), Silent())
    versions = list_models(own_models, "mine")
    assert versions[-1].created == second.created
    assert load_model(own_models, first.reference, "int8").manifest.created == first.created


def test_a_damaged_model_is_refused(own_models, data):
    manifest = train_on(data, Target(own_models, "mine"), Silent())
    heads = model_folder(own_models, manifest) / "heads.npz"
    heads.write_bytes(heads.read_bytes()[:-1] + b"?")
    with pytest.raises(ModelError, match=r"heads\.npz is not the file that was written"):
        load_model(own_models, "mine", "int8")


def test_a_model_keeps_how_its_answers_were_distributed_in_training(own_models, data):
    train_on(data, Target(own_models, "mine"), Silent())
    reference = load_model(own_models, "mine", "int8").reference
    assert set(reference.labels) <= TOPICS.keys()
    # 60 rows, of which 15 % are set aside: each is answered once, by a model that was not fitted on it.
    assert 45 <= sum(reference.labels.values()) == sum(reference.scores) <= 55


def test_a_model_from_before_that_is_served_without(own_models, data):
    manifest = train_on(data, Target(own_models, "mine"), Silent())
    folder = model_folder(own_models, manifest)
    (folder / REFERENCE_FILE).unlink()
    write_manifest(folder, manifest.model_copy(update={"files": {HEADS_FILE: manifest.files[HEADS_FILE]}}))
    older = load_model(own_models, "mine", "int8")
    assert older.reference is None
    assert older.decide(["a sandwich with butter"]).categories == ["food"]


def test_a_damaged_reference_is_refused(own_models, data):
    manifest = train_on(data, Target(own_models, "mine"), Silent())
    path = model_folder(own_models, manifest) / REFERENCE_FILE
    path.write_text(path.read_text().replace('"food"', '"mood"'))
    with pytest.raises(ModelError, match=r"reference\.json is not the file that was written"):
        load_model(own_models, "mine", "int8")


def test_labels_that_the_model_never_saw_are_refused(own_models, data, tmp_path):
    train_on(data, Target(own_models, "mine"), Silent())
    other = tmp_path / "other.csv"
    other.write_text("words,topic\nthe train is late,travel\n")
    with pytest.raises(DataError, match="never seen 1 of the labels in 'topic' \\('travel'\\)"):
        evaluate(load_model(own_models, "mine", "int8"), other, "words", (), Silent())
