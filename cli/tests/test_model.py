import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from triage.artifacts.store import encoder_folder
from triage.progress import Silent
from triage.training.sample import build

MODELS = Path(__file__).parents[2] / "var" / "models"
ROWS = "".join(f"{verb} the {noun},{label}\n" for label, nouns in (
    ("animal", "dog cat horse cow sheep goat"), ("tool", "hammer saw drill wrench screwdriver chisel"),
) for noun in nouns.split() for verb in ("take", "bring", "where is"))  # fmt: skip


@pytest.fixture
def models(tmp_path):
    encoder = build(MODELS, "int8", 0, Silent()).encoder
    (tmp_path / "models" / "encoder").mkdir(parents=True)
    (tmp_path / "models" / "encoder" / encoder.key).symlink_to(encoder_folder(MODELS, encoder.key))
    return tmp_path / "models"


@pytest.fixture
def model(models, tmp_path):
    def run(*arguments):
        environment = {**os.environ, "SLIPWAY_MODELS_DIR": str(models), "COLUMNS": "160"}
        command = [sys.executable, "-m", "slipway_cli", "model", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
        )

    return run


def test_train_evaluate_and_list(model, tmp_path):
    (tmp_path / "mine.csv").write_text("text,label\n" + ROWS)
    trained = model("train", "--data", "mine.csv", "--name", "mine")
    assert trained.returncode == 0, trained.stderr
    assert "mine@" in trained.stdout

    measured = model("evaluate", "--name", "mine", "--data", "mine.csv", "--json")
    figures = json.loads(measured.stdout)
    assert figures["accuracy"] > 0.8
    assert {"macro_f1", "ece", "coverage", "accuracy_covered"} <= set(figures)

    report = model("evaluate", "--name", "mine", "--data", "mine.csv")
    place = report.stdout.splitlines()[-1].removeprefix("Picture: ")
    assert (tmp_path / place).read_bytes().startswith(b"\x89PNG")
    assert "mine@" in model("list").stdout


def test_bad_data_is_one_paragraph_and_exit_code_2(model, tmp_path):
    (tmp_path / "bad.csv").write_text("message,label\n" + ROWS)
    run = model("train", "--data", "bad.csv", "--name", "mine")
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("slipway: bad.csv has no column 'text'")
    assert run.stderr.count("\n") == 1


def test_an_unknown_model_is_exit_code_2(model):
    run = model("evaluate", "--name", "nobody", "--data", "any.csv")
    assert run.returncode == 2
    assert "slipway model train" in run.stderr


@pytest.fixture
def check(model, tmp_path):
    (tmp_path / "mine.csv").write_text("text,label\n" + ROWS)
    trained = model("train", "--data", "mine.csv", "--name", "mine")
    assert trained.returncode == 0, trained.stderr

    def run(*bars):
        options = [part for bar in bars for part in ("--at-least", bar)]
        return model("check", "--name", "mine", "--data", "mine.csv", *options)

    return run


def test_check_tells_whether_a_model_meets_its_bars(check):
    met = check("accuracy=0.5", "macro_f1=0.5")
    assert met.returncode == 0, met.stderr
    assert json.loads(met.stdout)["accuracy"] > 0.5

    missed = check("accuracy=0.5", "macro_f1=1.01")
    assert missed.returncode == 1
    assert re.search(r"slipway: mine misses its bar: macro_f1 is \d\.\d{3}, not 1\.01\.", missed.stderr)
    assert json.loads(missed.stdout)["rows"] == len(ROWS.splitlines())


def test_a_bar_that_cannot_be_checked_is_a_wrong_option(check):
    for bar, complaint in (("accuracy=high", "is not like accuracy=0.9"), ("model=0.5", "no figure 'model'")):
        run = check(bar)
        assert run.returncode == 2
        assert complaint in run.stderr
