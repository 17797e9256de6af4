from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from loadtests.bench.limit.cutting import cut

LENGTHS = st.lists(st.integers(1, 256), max_size=80)


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 4_096), st.integers(0, 4_096), st.booleans())
def test_every_text_is_in_one_run(lengths, padded_tokens, padding, by_length):
    runs = cut(lengths, padded_tokens, padding, by_length=by_length)

    assert sorted(at for run in runs for at in run) == list(range(len(lengths)))


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 4_096), st.integers(0, 4_096), st.booleans())
def test_a_run_is_within_its_bound_unless_it_is_one_text(lengths, padded_tokens, padding, by_length):
    for run in cut(lengths, padded_tokens, padding, by_length=by_length):
        size = len(run) * max(lengths[at] for at in run)
        assert len(run) == 1 or size <= padded_tokens
        assert size - sum(lengths[at] for at in run) <= padding


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 4_096), st.integers(0, 4_096), st.booleans())
def test_no_run_could_have_taken_the_next_text(lengths, padded_tokens, padding, by_length):
    runs = cut(lengths, padded_tokens, padding, by_length=by_length)
    for run, following in pairwise(runs):
        texts = [lengths[at] for at in [*run, following[0]]]
        size = max(texts) * len(texts)
        assert size > padded_tokens or size - sum(texts) > padding


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 4_096))
def test_in_order_of_arrival_nothing_moves(lengths, padded_tokens):
    runs = cut(lengths, padded_tokens, padded_tokens, by_length=False)

    assert [at for run in runs for at in run] == list(range(len(lengths)))


def test_sorting_pads_less():
    lengths = [4, 100] * 16

    def padded(runs):
        return sum(len(run) * max(lengths[at] for at in run) for run in runs)

    assert padded(cut(lengths, 400, 400, by_length=True)) == sum(lengths)
    assert padded(cut(lengths, 400, 400, by_length=False)) > sum(lengths) * 1.5
