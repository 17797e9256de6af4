"""The picture of a trace, from what Jaeger answered about a job of 300 messages."""

import copy
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from monitoring.traces.trace import rows, steps

ROOT = Path(__file__).parents[2]
RECORDED = Path(__file__).with_name("recorded-trace.json")


@pytest.fixture
def recorded():
    return json.loads(RECORDED.read_text("utf-8"))


def test_every_span_is_read_below_what_it_is_a_part_of(recorded):
    found = steps(recorded)
    names = {step.id: step.name for step in found}
    assert len(found) == len(recorded["data"][0]["spans"])
    assert [step.name for step in found if step.parent is None] == ["POST /v1/jobs"]
    assert {names[step.parent] for step in found if step.name == "chunk.predict"} == {"chunk"}
    assert min(step.began for step in found) == 0
    assert {step.service for step in found} == {"slipway-api", "slipway-worker"}
    assert not any(step.failed for step in found)


def test_of_steps_that_are_alike_some_are_shown_and_the_others_counted(recorded):
    found = steps(recorded)
    all_rows, few = rows(found, 100), rows(found, 2)
    assert len(all_rows) == len(found)
    assert all(row.folded <= 0 for row in all_rows)
    assert Counter(row.step.name for row in few)["chunk"] == 2
    assert [row.folded for row in few if row.step.name == "chunk"] == [0, 3]
    assert {row.depth for row in few if row.step.name == "chunk.claim"} == {2}


def test_a_failed_step_is_marked(recorded):
    document = copy.deepcopy(recorded)
    span = document["data"][0]["spans"][0]
    span["tags"].append({"key": "error", "type": "bool", "value": True})
    assert [step.id for step in steps(document) if step.failed] == [span["spanID"]]


@pytest.mark.parametrize("document", [{"data": []}, {"data": [{"spans": [], "processes": {}}]}])
def test_without_a_trace_there_is_no_picture(document):
    with pytest.raises(ValueError, match="no such trace"):
        steps(document)


@pytest.mark.parametrize(("suffix", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_the_command_draws_it(tmp_path, suffix, begins):
    picture = tmp_path / f"trace.{suffix}"
    command = [sys.executable, "-m", "monitoring.traces.picture", str(RECORDED), str(picture)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert picture.read_bytes().startswith(begins)
    assert picture.stat().st_size > 10_000
