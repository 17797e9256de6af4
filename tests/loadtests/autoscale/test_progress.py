"""What a person sees while a run goes on."""

import json

import pytest
from loadtests.autoscale.progress import Progress, Tail, latencies


@pytest.fixture
def folder(tmp_path):
    def write(name, *lines):
        with (tmp_path / f"{name}.ndjson").open("a") as file:
            file.writelines(f"{json.dumps(line)}\n" for line in lines)

    write("generator", {"wanted_rps": 4, "sent_rps": 4}, {"wanted_rps": 20, "sent_rps": 19})
    pod = {"kind": "pod", "component": "api"}
    others = {"kind": "deployment", "component": "worker", "ready": 9, "desired": 9}
    write("cluster", {"kind": "deployment", "component": "api", "ready": 2, "desired": 5}, pod, others)
    write(
        "samples", {"due": 100.0, "seconds": 0.25, "outcome": "ok"}, {"due": 70.0, "seconds": 0.1, "outcome": "error"}
    )
    return tmp_path


def test_the_latest_of_each_file_is_told(folder):
    told = Progress(folder, "api").look(105.0)

    assert "wanted 20.0/s, sent 19.0/s" in told
    assert "2 of 5 replicas ready" in told
    assert "p95 250 ms" in told
    assert "error" not in told


def test_what_is_old_is_forgotten(folder):
    progress = Progress(folder, "api")
    progress.look(105.0)

    assert "no answer in 10 s" in progress.look(130.0)


def test_before_anything_is_written_that_is_told(tmp_path):
    assert "nothing sent yet, no replicas seen yet" in Progress(tmp_path, "api").look(1.0)


def test_half_a_line_waits_for_its_other_half(tmp_path):
    file, tail = tmp_path / "lines", Tail(tmp_path / "lines")
    file.write_text('{"a": 1}\n{"a"')
    assert tail.news() == [{"a": 1}]
    assert tail.news() == []

    with file.open("a") as opened:
        opened.write(": 2}\n")

    assert tail.news() == [{"a": 2}]


def test_errors_and_refusals_are_counted():
    samples = [{"outcome": outcome, "seconds": 0.1} for outcome in ("ok", "refused", "error", "error")]

    assert latencies(samples) == "p95 100 ms, 1 refused, 2 error"


@pytest.mark.parametrize("content", [None, "", '{"started"'])
def test_a_load_that_has_not_begun_has_no_phase_yet(tmp_path, content):
    if content is not None:
        (tmp_path / "load.json").write_text(content)

    assert Progress(tmp_path, "api").started == 0.0


def test_a_load_began_when_its_generator_says(tmp_path):
    (tmp_path / "load.json").write_text('{"started": 12.5}')

    assert Progress(tmp_path, "api").started == 12.5
