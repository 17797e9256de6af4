import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loadtests.bench.guard.estimate import Estimate, estimate
from loadtests.bench.guard.judgement import TOLERANCE, Outcome, judge, worst
from loadtests.bench.guard.reference import FILE, read_reference, write_reference
from loadtests.bench.guard.run import PATHS, settled

RATIOS = st.lists(st.floats(0.5, 4.0), min_size=1, max_size=40)
REFERENCE = {"bulk": 1.1, "single": 1.5}


def _judged(bulk, single=1.5, error=0.001):
    return judge({"bulk": Estimate(bulk, error, 9), "single": Estimate(single, error, 9)}, REFERENCE)


@pytest.mark.parametrize(
    ("bulk", "outcome"),
    [
        (1.1, Outcome.HELD),
        (1.1 * (1 + TOLERANCE) - 0.01, Outcome.HELD),
        (1.1 * (1 + TOLERANCE) + 0.01, Outcome.GROWN),
        (1.1 * (1 + TOLERANCE), Outcome.UNCLEAR),
        (0.5, Outcome.HELD),
    ],
)
def test_a_path_may_cost_as_much_as_the_tolerance_allows(bulk, outcome):
    assert worst(_judged(bulk)) is outcome


def test_one_path_that_has_grown_is_enough():
    findings = _judged(1.1, single=2.0)

    assert worst(findings) is Outcome.GROWN
    said = str(findings[1])
    assert said.startswith(
        "single: 2.000 (± 0.001) times the processor time of the model alone; the reference is 1.500: "
    )
    assert "+33.3%, allowed +8%. It has grown: profile the path" in said
    assert "has grown" not in str(findings[0])


def test_noise_as_large_as_what_is_to_be_told_is_called_unclear():
    findings = _judged(1.15, error=0.2)

    assert worst(findings) is Outcome.UNCLEAR
    assert "too noisy" in str(findings[0])


def test_what_has_become_cheaper_is_said_and_no_failure():
    findings = _judged(0.9)

    assert worst(findings) is Outcome.HELD
    assert "cheaper" in str(findings[0])
    assert "cheaper" not in str(findings[1])


@settings(deadline=None)
@given(RATIOS, st.floats(0.01, 100.0))
def test_the_unit_does_not_matter(values, factor):
    one, other = estimate(values), estimate([factor * value for value in values])

    assert other.value == pytest.approx(factor * one.value)
    assert other.relative_error == pytest.approx(one.relative_error, abs=1e-9)


@settings(deadline=None)
@given(st.lists(st.floats(0.99, 1.01), min_size=6, max_size=20), st.floats(2.0, 1e6))
def test_one_round_that_is_far_off_hardly_moves_anything(values, outlier):
    found = estimate([*values, outlier])

    assert 0.99 <= found.value <= 1.01
    assert found.error < 0.02


def test_measuring_ends_when_rounds_agree_and_not_before():
    assert not settled([1.0] * 4)
    assert settled([1.0] * 5)
    assert not settled([1.0, 1.5, 0.7, 1.2, 0.9])


def test_the_committed_reference_is_of_every_path():
    reference = read_reference()

    assert reference.keys() == PATHS.keys()
    # The service does what the model alone does, and more.
    assert all(ratio > 0.9 for ratio in reference.values())
    assert json.loads(FILE.read_text())["processor"]


def test_a_reference_is_read_as_it_was_written(tmp_path):
    write_reference({"bulk": 1.23456, "single": 2.0}, tmp_path / "reference.json")

    assert read_reference(tmp_path / "reference.json") == {"bulk": 1.235, "single": 2.0}


@pytest.mark.parametrize("content", ["", "{}"])
def test_a_missing_reference_says_how_to_write_one(tmp_path, content):
    (tmp_path / "reference.json").write_text(content)

    with pytest.raises(SystemExit, match="make bench-guard ARGS=--write"):
        read_reference(tmp_path / "reference.json")
