"""Lines on their way into a file."""

import json

from loadtests.samples.outcome import Outcome
from loadtests.samples.recorder import Recorder
from loadtests.samples.sample import Sample


def test_what_was_flushed_is_there_in_whole_lines(tmp_path):
    file = tmp_path / "new" / "samples.ndjson"
    recorder = Recorder(file)
    recorder.add(["a", "b"])
    assert file.read_text() == ""
    recorder.flush()
    recorder.add(["c"])
    recorder.flush()
    recorder.flush()

    assert file.read_text() == "a\nb\nc\n"


def test_memory_is_bounded(tmp_path):
    file = tmp_path / "samples.ndjson"
    recorder = Recorder(file)
    for number in range(2_500):
        recorder.add([str(number)])

    assert len(file.read_text().splitlines()) == 2_000


def test_nothing_is_left_of_an_earlier_run(tmp_path):
    file = tmp_path / "samples.ndjson"
    file.write_text("old\n")
    recorder = Recorder(file)
    recorder.add(["new"])
    recorder.flush()

    assert file.read_text() == "new\n"


def test_a_sample_is_told_as_the_verdict_reads_it():
    sample = Sample(1_000.1, 1_000.2, 0.30000049, "POST /v1/triage", 503, Outcome.REFUSED, "503", "5x")

    assert json.loads(sample.line()) == {
        "due": 1_000.1,
        "began": 1_000.2,
        "seconds": 0.3,
        "name": "POST /v1/triage",
        "status": 503,
        "outcome": "refused",
        "detail": "503",
        "phase": "5x",
    }
    assert "phase" not in json.loads(Sample(1.0, 1.0, 1.0, "", 0, Outcome.ERROR).line())
