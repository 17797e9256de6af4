"""`python -m loadtests.verdict`: what it writes, prints, and returns."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from loadtests.verdict.__main__ import main

ROOT = Path(__file__).parents[3]


@pytest.fixture
def good(simulate, save):
    return save(simulate(refuse_after=0.8).files())


def test_a_run_is_judged_from_the_command_line(good):
    command = [sys.executable, "-m", "loadtests.verdict", str(good)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["verdict"] == "PASS"
    assert last["findings"] == ["held"]
    assert {"scale_up_s", "recovered_s", "error_rate", "refused_rate", "scale_down_failed"} <= last.keys()
    told = json.loads((good / "verdict.json").read_text("utf-8"))
    assert told["figures"]["p95_ms"].keys() == {"1x", "5x", "1x again"}
    assert told["figures"]["scale_up_s"] == last["scale_up_s"]
    assert told["objectives"]["p95_ms"] == 500
    assert (good / "verdict.md").read_text("utf-8").startswith("# PASS\n")
    assert (good / "verdict.png").read_bytes().startswith(b"\x89PNG")
    assert (good / "verdict.png").stat().st_size > 20_000


def test_a_run_that_failed_exits_with_1_and_says_why(simulate, save, capsys):
    folder = save(simulate(desired=((0.0, 1),), pinned=True, refuse_after=0.8).files())
    assert main([str(folder)]) == 1
    said = capsys.readouterr().out
    assert "did_not_scale: 5x needs 3 pods" in said
    last = json.loads(said.splitlines()[-1])
    assert (last["verdict"], last["scale_up_s"]) == ("FAIL", None)
    assert "did_not_scale" in (folder / "verdict.md").read_text("utf-8")


def test_a_run_that_proves_nothing_exits_with_2(simulate, save, capsys):
    files = simulate().files() | {"samples.ndjson": []}
    assert main([str(save(files))]) == 2
    assert '"verdict": "INVALID"' in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "{", "[]", '{"shape": "step"}', '{"shape": "round", "started": 1}'])
def test_a_folder_whose_run_cannot_be_read_exits_with_3(good, capsys, content):
    (good / "run.json").write_text(content, encoding="utf-8")
    assert main([str(good)]) == 3
    assert "run.json: " in capsys.readouterr().err


@pytest.mark.parametrize("line", ['{"due": 1}', '{"due": NaN, "began": 1, "seconds": 1, "outcome": "ok"}', "nonsense"])
def test_a_line_that_is_not_what_it_should_be_is_named(good, capsys, line):
    path = good / "samples.ndjson"
    path.write_text(f"{line}\n{path.read_text('utf-8')}", encoding="utf-8")
    assert main([str(good)]) == 3
    assert "samples.ndjson, line 1: " in capsys.readouterr().err


def test_a_folder_that_is_not_there_exits_with_3(tmp_path, capsys):
    assert main([str(tmp_path / "none")]) == 3
    assert "There is no folder" in capsys.readouterr().err


def test_a_verdict_that_cannot_be_written_exits_with_3(good, capsys):
    (good / "verdict.json").mkdir()
    assert main([str(good)]) == 3
    assert "cannot be written" in capsys.readouterr().err


def test_an_empty_folder_exits_with_3(tmp_path, capsys):
    assert main([str(tmp_path)]) == 3
    assert "run.json is missing" in capsys.readouterr().err


def test_a_burst_without_its_figures_exits_with_3(simulate, save, capsys):
    files = simulate().files()
    files["run.json"]["shape"] = "burst"
    assert main([str(save(files))]) == 3
    assert "no `burst`" in capsys.readouterr().err


def test_a_file_of_objectives_wins_over_what_the_run_declared(simulate, save, tmp_path, capsys):
    files = simulate(refuse_after=0.8).files()
    files["run.json"]["objectives"] = {"scale_up_s": 10}
    folder, objectives = save(files), tmp_path / "objectives.yaml"
    assert main([str(folder)]) == 1
    objectives.write_text("scale_up_s: 45\n", encoding="utf-8")
    assert main([str(folder), "--objectives", str(objectives)]) == 0
    assert json.loads((folder / "verdict.json").read_text("utf-8"))["objectives"]["recovered_s"] == 120
    capsys.readouterr()


@pytest.mark.parametrize(
    "text", ["scale_up: 45\n", "p95_ms: -1\n", "error_rate: 2\n", "p95_ms: .inf\n", "- 1\n", "a: b: c"]
)
def test_objectives_that_make_no_sense_are_refused(good, tmp_path, capsys, text):
    objectives = tmp_path / "objectives.yaml"
    objectives.write_text(text, encoding="utf-8")
    assert main([str(good), "--objectives", str(objectives)]) == 3
    assert "objectives.yaml" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["samples.ndjson", "generator.ndjson", "cluster.ndjson"])
def test_a_run_without_lines_is_drawn_as_well(simulate, save, name, capsys):
    folder = save(simulate().files() | {name: []})
    assert main([str(folder)]) == 2
    assert (folder / "verdict.png").stat().st_size > 10_000
    capsys.readouterr()


def test_what_prometheus_knew_is_drawn(simulate, save, start, capsys):
    values = [{"at": start + at, "name": "in_flight", "value": 3.0} for at in range(0, 400, 5)]
    without = save(simulate().files())
    main([str(without)])
    plain = (without / "verdict.png").read_bytes()
    main([str(save(simulate().files() | {"prometheus.ndjson": values}))])
    assert (without / "verdict.png").read_bytes() != plain
    capsys.readouterr()
