import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from triage.heads.threshold import ALWAYS_HUMAN, choose_threshold

ROWS = st.lists(
    st.tuples(st.floats(0, 1), st.booleans(), st.booleans()), min_size=1, max_size=60, unique_by=lambda r: r[0]
)


@given(ROWS, st.floats(0.05, 1))
def test_what_is_covered_reaches_the_target_and_no_lower_threshold_does(rows, target):
    confidence, right, eligible = (np.array(column) for column in zip(*rows, strict=True))
    threshold = choose_threshold(confidence, right, eligible, target)
    covered = eligible & (confidence >= threshold)
    assert not covered.any() or right[covered].mean() >= target
    for lower in confidence[eligible & (confidence < threshold)]:
        assert right[eligible & (confidence >= lower)].mean() < target


def test_a_target_out_of_reach_leaves_everything_to_humans():
    nothing = np.zeros(3, dtype=bool)
    assert choose_threshold(np.array([0.5, 0.9, 1.0]), nothing, ~nothing, 0.9) == ALWAYS_HUMAN > 1
