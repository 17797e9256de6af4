import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from slipway.workload import Reference

SCORES = st.lists(st.floats(0, 1).map(lambda score: round(score, 4)), min_size=2, max_size=300)


def test_the_deciles_of_many_scores_are_about_equally_full():
    reference = Reference.of(["a"] * 1_000, [n / 1_000 for n in range(1_000)])
    assert len(reference.bounds) == 9
    assert all(99 <= count <= 101 for count in reference.scores)


def test_a_model_that_is_always_sure_has_fewer_bins():
    reference = Reference.of(["a"] * 100, [1.0] * 95 + [0.5] * 5)
    assert reference.bounds == (1.0,)
    assert reference.scores == (5, 95)


@given(SCORES)
def test_each_score_is_in_the_bin_where_it_was_counted(scores):
    reference = Reference.of(["a"] * len(scores), scores)
    found = [0] * len(reference.scores)
    for score in scores:
        found[reference.bin_of(score)] += 1
    assert tuple(found) == reference.scores


@given(SCORES, st.lists(st.sampled_from("abc"), min_size=1))
def test_it_survives_being_written_and_read(scores, labels):
    reference = Reference.of(labels, scores)
    assert Reference.model_validate_json(reference.model_dump_json()) == reference


def test_fields_of_a_later_version_are_ignored():
    assert Reference.model_validate({"labels": {}, "bounds": [], "scores": [1], "priorities": {}}).scores == (1,)


@pytest.mark.parametrize(("bounds", "scores"), [((0.5,), (1,)), ((0.5, 0.5), (1, 1, 1)), ((0.6, 0.5), (1, 1, 1))])
def test_bins_that_do_not_meet_at_the_bounds_are_refused(bounds, scores):
    with pytest.raises(ValidationError, match="one bin more"):
        Reference(labels={}, bounds=bounds, scores=scores)
