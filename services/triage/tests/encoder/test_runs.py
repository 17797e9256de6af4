"""Which texts share a run."""

from hypothesis import given
from hypothesis import strategies as st

from triage.encoder.runs import MOST_TOKENS, runs

LENGTHS = st.lists(st.integers(1, 256), max_size=200)


@given(LENGTHS, st.integers(1, 1_024), st.integers(0, 256))
def test_every_text_is_in_one_run_that_is_bounded_and_so_is_its_padding(lengths, most, padding):
    found = list(runs(lengths, most, padding))
    assert sorted(position for run in found for position in run) == list(range(len(lengths)))
    for run in found:
        size = len(run) * max(lengths[position] for position in run)
        assert len(run) == 1 or size <= most
        assert size - sum(lengths[position] for position in run) <= padding


@given(LENGTHS)
def test_texts_of_like_length_are_together_the_longest_of_a_run_last(lengths):
    in_order = [lengths[position] for run in runs(lengths) for position in run]
    assert in_order == sorted(lengths)


def test_no_run_could_take_the_next_text():
    found = list(runs([40] * 100))
    assert len(found[0]) == MOST_TOKENS // 40
    assert {len(run) for run in found[:-1]} == {len(found[0])}
