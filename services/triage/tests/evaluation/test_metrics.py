import numpy as np
import pytest

from triage.evaluation.metrics import confusions, coverage_curve, score
from triage.model import Decisions


def decisions(categories, confidence, needs_human, priorities=None):
    sure = np.full(len(categories), 0.9) if priorities else None
    return Decisions(categories, np.array(confidence), np.array(needs_human), priorities, sure)


def test_the_figures_by_hand():
    found = decisions(["a", "a", "b", "b", "a"], [0.9, 0.8, 0.7, 0.6, 0.5], [False, False, False, True, True])
    scores = score(found, [["a", "b", "b", "b", "out_of_scope"]])
    assert scores.rows == 5
    assert scores.accuracy == pytest.approx(3 / 5)
    assert scores.coverage == pytest.approx(3 / 4)
    assert scores.accuracy_covered == pytest.approx(2 / 3)
    assert (scores.out_of_scope_rows, scores.out_of_scope_flagged) == (1, 1.0)
    assert scores.macro_f1 == pytest.approx((0.5 + 0.8 + 0) / 3)
    assert scores.priority is None


def test_a_message_out_of_scope_that_is_decided_counts_as_wrong():
    scores = score(decisions(["a", "a"], [0.9, 0.9], [False, False]), [["a", "out_of_scope"]])
    assert scores.accuracy_covered == pytest.approx(0.5)
    assert scores.out_of_scope_flagged == 0
    assert scores.coverage == 1


def test_nothing_covered_has_no_accuracy():
    scores = score(decisions(["a"], [0.2], [True]), [["a"]])
    assert (scores.coverage, scores.accuracy_covered, scores.out_of_scope_flagged) == (0, None, None)


def test_priorities_are_scored_on_their_own():
    scores = score(decisions(["a", "a"], [0.9, 0.9], [False, False], ["low", "high"]), [["a", "a"], ["low", "low"]])
    assert scores.priority is not None
    assert scores.priority.accuracy == pytest.approx(0.5)


def test_confusions_come_most_frequent_first():
    found = decisions(["b", "b", "a"], [1, 1, 1], [False] * 3)
    assert [(pair.label, pair.answered, pair.count) for pair in confusions(found, ["a", "a", "c"], 5)] == [
        ("a", "b", 2),
        ("c", "a", 1),
    ]


def test_the_curve_starts_with_the_surest():
    coverage, accuracy = coverage_curve(np.array([0.2, 0.9]), np.array([False, True]))
    assert coverage.tolist() == [0.5, 1]
    assert accuracy.tolist() == [1, 0.5]
