"""What several processes tell becomes one set of files."""

import json

import pytest
from loadtests.arrivals.meter import Second
from loadtests.arrivals.register import Register
from loadtests.arrivals.schedule import Schedule
from loadtests.shapes.choice import SHAPES, Parameters


@pytest.fixture
def register(tmp_path):
    shape = SHAPES["constant"](Parameters(base=10, seconds=3))
    return Register(tmp_path, Schedule(shape, "even"), 1_000.0, 2, {"scenario": "single"})


def report(number, *lines, left=1, **figures):
    return {"lines": list(lines), "seconds": [(number, Second(**figures).told())], "left": left, "unfollowed": 0}


def rows(register):
    return [json.loads(line) for line in (register.folder / "generator.ndjson").read_text().splitlines()]


def about(register):
    return json.loads((register.folder / "load.json").read_text())


def test_counts_are_summed_and_of_the_rest_the_worst_is_told(register):
    calm = {"sent": 5, "busy": 2, "clients": 8, "cpu": 0.1, "lag": 0.01}
    register.take("a", report(1, "1", **calm))
    assert rows(register) == []
    register.take(
        "b", report(1, "2", sent=3, followups=2, busy=1, clients=8, cpu=0.7, lag=0.5, loop_lag=0.4, backlog=2)
    )

    assert rows(register) == [
        {
            "at": 1_001.0,
            "wanted_rps": 12,
            "sent_rps": 8,
            "lag_s": 0.5,
            "cpu": 0.7,
            "loop_lag_s": 0.4,
            "busy": 3,
            "clients": 16,
            "backlog": 2,
            "processes": 2,
            "late_by": "generator",
        }
    ]
    assert (register.folder / "samples.ndjson").read_text() == "1\n2\n"


def test_what_a_lost_process_should_have_sent_stays_wanted(register):
    for number in (1, 2, 3, 4):
        register.take("a", report(number, sent=5, clients=8, left=0))
    register.close(completed=False)

    told = rows(register)
    assert [row["wanted_rps"] for row in told] == [10, 10, 10, 0]
    assert [row["sent_rps"] for row in told] == [5, 5, 5, 5]
    assert {row["processes"] for row in told} == {1}
    assert register.left == 1
    assert (about(register)["completed"], about(register)["left"]) == (False, 1)


def test_the_load_is_described_from_its_beginning(register):
    assert about(register) == {
        "scenario": "single",
        "shape": "constant",
        "parameters": {"base_rps": 10, "seconds": 3},
        "arrivals": "even",
        "seed": 1,
        "processes": 2,
        "started": 1_000.0,
        "phases": [{"name": "1x", "from": 1_000.0, "to": 1_003.0, "rate_rps": 10}],
        "ended": None,
    }


def test_it_is_over_when_every_process_says_so(register):
    register.take("a", report(1, left=0))
    assert register.left == 1
    register.take("b", report(1, left=3))
    assert register.left == 3
    register.take("b", report(2, left=0))
    assert register.left == 0
