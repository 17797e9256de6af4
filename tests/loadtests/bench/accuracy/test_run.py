"""On the real encoders, with two kinds of messages that nobody takes for each other."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from loadtests.bench.accuracy.run import run

from triage.errors import DataError
from triage.progress import Silent
from triage.training.sample import build

ROOT = Path(__file__).parents[4]
MODELS = ROOT / "var" / "models"
THINGS = ["door lock", "camera", "thermostat", "doorbell", "smoke sensor", "gateway", "siren", "light switch"]


def _file(path, column, ask, complain):
    rows = [f'"{ask.format(thing)}",question' for thing in THINGS]
    rows += [f'"{complain.format(thing)}",complaint' for thing in THINGS]
    path.write_text("\n".join([f"text,{column}", *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path):
    build(MODELS, "int8", 0, Silent())
    train = _file(tmp_path / "train.csv", "category", "How much does a {} cost?", "My {} is broken and I am furious!")
    return train, _file(tmp_path / "test.csv", "label", "What is the price of a {}?", "Your awful {} does not work!!")


def test_both_precisions_learn_and_are_judged_on_other_texts(files):
    found = run(*files, MODELS, Silent())

    assert (found["texts"], found["labels"], found["enough"]) == (16, 2, False)
    assert min(found["fp32"], found["int8"], found["mixed"]) > 80
    assert found["accuracy_lost"] == pytest.approx(found["fp32"] - found["int8"], abs=2e-3)
    assert found["mixed_lost"] == pytest.approx(found["fp32"] - found["mixed"], abs=2e-3)
    assert 0.97 < found["cosine"]["worst"] <= found["cosine"]["p1"] <= found["cosine"]["mean"] < 1


def test_labels_that_nobody_learnt_are_refused(files):
    train, test = files
    test.write_text(test.read_text().replace("complaint", "praise"))

    with pytest.raises(DataError, match="has never seen 1 of the labels"):
        run(train, test, MODELS, Silent())


def test_the_command_prints_it_last(files):
    train, test = files
    command = [sys.executable, "-m", "loadtests.bench.accuracy", "--train", train, "--data", test]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)

    assert json.loads(done.stdout.splitlines()[-1])["texts"] == 16


def test_the_command_says_what_is_wrong_with_a_file(files, tmp_path):
    command = [sys.executable, "-m", "loadtests.bench.accuracy", "--train", files[0], "--data", tmp_path / "none.csv"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)

    assert done.returncode == 1
    assert "There is no file" in done.stderr
    assert "Traceback" not in done.stderr
