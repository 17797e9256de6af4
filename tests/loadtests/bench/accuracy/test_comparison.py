import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loadtests.bench.accuracy.comparison import compare

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=300)


@settings(deadline=None)
@given(PAIRS)
def test_points_are_the_difference_of_the_accuracies(pairs):
    before, after = np.array(pairs, dtype=bool).T

    loss = compare(before, after)

    assert loss.points == pytest.approx(100 * (before.mean() - after.mean()))
    assert loss.interval[0] <= loss.points + 1e-9
    assert loss.points - 1e-9 <= loss.interval[1]
    assert 0 <= loss.chance <= 1


@settings(deadline=None)
@given(PAIRS)
def test_the_other_way_round_the_same_is_won(pairs):
    before, after = np.array(pairs, dtype=bool).T

    there, back = compare(before, after), compare(after, before)

    assert there.points == pytest.approx(-back.points)
    assert (there.only_before, there.only_after) == (back.only_after, back.only_before)
    assert there.chance == pytest.approx(back.chance)


def test_a_real_loss_is_told_from_chance():
    before = np.ones(3_000, dtype=bool)
    after = before.copy()
    after[:60] = False

    loss = compare(before, after)

    assert loss.points == pytest.approx(2.0)
    assert 1.4 < loss.interval[0] < 1.9
    assert 2.1 < loss.interval[1] < 2.6
    assert loss.chance < 1e-6


def test_as_many_won_as_lost_is_chance():
    before = np.array([True] * 50 + [False] * 50 + [True] * 2_900)
    after = np.array([False] * 50 + [True] * 50 + [True] * 2_900)

    loss = compare(before, after)

    assert (loss.points, loss.chance) == (0.0, 1.0)
    assert loss.interval[0] < 0 < loss.interval[1]


@pytest.mark.parametrize(("one", "other"), [([], []), ([True], [True, False])])
def test_what_cannot_be_compared_is_refused(one, other):
    with pytest.raises(ValueError, match="Cannot compare"):
        compare(np.array(one, dtype=bool), np.array(other, dtype=bool))
