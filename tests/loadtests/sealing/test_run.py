"""Both sides on real servers: one seals, the other does not, and both answer alike."""

from contextlib import contextmanager
from pathlib import Path

import pytest
from loadtests.sealing import run, stored
from loadtests.sealing.figures import figures
from loadtests.sealing.job import Jobs
from loadtests.sealing.options import INSTANT, KINDS, parse
from loadtests.sealing.stacks import both_sides

TEXTS = ["Where is my parcel?", "I was charged twice.", "The camera is offline.", "Please call me back."]

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def sides():
    with both_sides(INSTANT, Path("var/models")) as both:
        yield both


@pytest.mark.parametrize("people", [True, False])
def test_both_sides_answer_alike(sides, people):
    outputs = []
    for side in sides:
        with Jobs(side) as jobs:
            cost, answered = jobs.run(TEXTS, people=people)
        assert cost.seconds > 0
        outputs.append(answered)

    assert outputs[0] == outputs[1]
    assert [output["category"] for output in outputs[0]] == ["billing"] * len(TEXTS)


def test_one_side_has_sealed_everything_and_the_other_nothing(sides):
    for side in sides:
        with Jobs(side) as jobs:
            jobs.run(TEXTS, people=True)
    sealed, plain = sides

    stored.check(sealed, plain)
    with pytest.raises(RuntimeError, match="has not sealed everything"):
        stored.check(plain, plain)
    with pytest.raises(RuntimeError, match="has sealed something"):
        stored.check(sealed, sealed)


def test_a_run_measures_every_kind_in_turns(sides, monkeypatch):
    @contextmanager
    def same(workload, models):
        assert workload == INSTANT
        yield sides

    monkeypatch.setattr(run, "both_sides", same)
    options, said = parse(["--no-model", "--messages", "10", "--rounds", "2"]), []
    measured = run.Run(options, said.append)

    measured.measure()

    assert {kind: len(pairs) for kind, pairs in measured.pairs.items()} == dict.fromkeys(KINDS, 4)
    found = figures(measured.pairs, options.messages, judged=False)
    assert found["pairs"] == 4
    assert all(0 < found[kind]["ratio"] < 100 for kind in KINDS)
    assert len([line for line in said if line.startswith("round 2 of 2")]) == len(KINDS)
