"""The bars of the sample model, on messages about themes that it has never seen."""

import csv
import time

import pytest

from triage.datasets.sample import DATA
from triage.evaluation.evaluate import evaluate
from triage.progress import Silent
from triage.training.sample import build


@pytest.fixture(scope="module")
def scores(sample):
    return evaluate(sample, DATA / "test.csv", "text", (), Silent()).scores


def test_what_is_decided_without_a_human_is_right(scores):
    assert scores.coverage >= 0.70
    assert scores.accuracy_covered >= 0.90


def test_what_is_nobodys_goes_to_a_human(scores):
    assert scores.out_of_scope_flagged >= 0.80


def test_building_again_does_nothing_and_is_fast(built, models_dir):
    began = time.perf_counter()
    again = build(models_dir, "int8", 0, Silent())
    assert time.perf_counter() - began < 0.3
    assert not again.anew
    assert again.model == built.model


def test_the_reference_is_of_answers_about_what_the_model_had_not_seen(sample, built):
    """It is surer of messages that it has seen: beside those, all that is new would look like drift."""
    reference = sample.reference
    assert sum(reference.scores) == sum(reference.labels.values()) == built.model.data.training_rows
    with (DATA / "train.csv").open(encoding="utf-8", newline="") as file:
        seen = sample.decide([row["text"] for row in csv.DictReader(file)][::10]).confidence
    assert 0.09 < reference.scores[0] / sum(reference.scores) < 0.11
    assert (seen < reference.bounds[0]).mean() < 0.06


def test_the_manifest_tells_the_drift(built):
    assert built.model.drift.cosine_worst > 0.95
    assert built.model.drift.label_agreement > 0.9
