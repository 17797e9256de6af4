from statistics import mean

from hypothesis import given, settings
from hypothesis import strategies as st
from loadtests.bench.limit.slices import slices

TEXTS = st.lists(st.text("ab ", max_size=60), min_size=1, max_size=300)


@settings(deadline=None)
@given(TEXTS, st.integers(1, 50), st.integers(0, 9))
def test_every_text_is_in_one_slice_and_slices_are_as_large_as_each_other(texts, size, seed):
    found = slices(texts, size, seed)

    assert sorted(text for each in found for text in each) == sorted(texts)
    sizes = [len(each) for each in found]
    assert max(sizes) - min(sizes) <= 1
    assert min(sizes) >= min(size, len(texts))


def test_slices_are_alike_in_length():
    texts = ["x" * (length % 97 + length % 7 * 40) for length in range(3_000)]

    means = [mean(map(len, each)) for each in slices(texts, 250)]

    assert max(means) / min(means) < 1.01


def test_a_seed_gives_the_same_order_and_another_one_another():
    texts = [f"text {number}" for number in range(100)]

    assert slices(texts, 10, 1) == slices(texts, 10, 1) != slices(texts, 10, 2)
