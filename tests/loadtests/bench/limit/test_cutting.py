from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from loadtests.bench.limit.cutting import cut

LENGTHS = st.lists(st.integers(1, 256), max_size=80)


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 4_096), st.booleans())
def test_every_text_is_in_one_run(lengths, padded_tokens, by_length):
    runs = cut(lengths, padded_tokens, by_length=by_length)

    assert sorted(at for run in runs for at in run) == list(range(len(lengths)))


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 4_096), st.booleans())
def test_a_run_is_within_its_bound_unless_it_is_one_text(lengths, padded_tokens, by_length):
    for run in cut(lengths, padded_tokens, by_length=by_length):
        assert len(run) == 1 or len(run) * max(lengths[at] for at in run) <= padded_tokens


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 4_096), st.booleans())
def test_no_run_could_have_taken_the_next_text(lengths, padded_tokens, by_length):
    runs = cut(lengths, padded_tokens, by_length=by_length)
    for run, following in pairwise(runs):
        longest = max(lengths[at] for at in [*run, following[0]])
        assert longest * (len(run) + 1) > padded_tokens


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 4_096))
def test_in_order_of_arrival_nothing_moves(lengths, padded_tokens):
    runs = cut(lengths, padded_tokens, by_length=False)

    assert [at for run in runs for at in run] == list(range(len(lengths)))


def test_sorting_pads_less():
    lengths = [4, 100] * 16

    def padded(runs):
        return sum(len(run) * max(lengths[at] for at in run) for run in runs)

    assert padded(cut(lengths, 400, by_length=True)) == sum(lengths)
    assert padded(cut(lengths, 400, by_length=False)) > sum(lengths) * 1.5
