import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.serving.drift import BINS, LEAST, WINDOW, Drift, bins_of, stability_index

COUNTS = st.lists(st.integers(0, 500), min_size=2, max_size=BINS)
PAIRS = COUNTS.flatmap(
    lambda counts: st.tuples(st.just(counts), st.lists(st.integers(0, 500), min_size=len(counts), max_size=len(counts)))
)
ALERT = 0.25


def test_it_is_the_figure_of_the_textbooks_formula():
    expected = (0.4 - 0.5) * math.log(0.4 / 0.5) + (0.6 - 0.5) * math.log(0.6 / 0.5)
    assert stability_index([500, 500], [40, 60]) == pytest.approx(expected)


@given(PAIRS)
def test_it_is_never_below_zero(pair):
    assert stability_index(*pair) >= 0


@given(COUNTS, st.integers(1, 20))
def test_it_is_zero_for_the_same_distribution_however_many_answers_there_are(counts, times):
    assert stability_index(counts, [times * count for count in counts]) == pytest.approx(0, abs=1e-12)


@given(PAIRS)
def test_it_is_the_same_both_ways(pair):
    assert stability_index(*pair) == pytest.approx(stability_index(*reversed(pair)))


@given(COUNTS.filter(any), st.data())
def test_it_grows_the_more_answers_move_to_one_bin(counts, data):
    place = data.draw(st.integers(0, len(counts) - 1))
    steps = [[100 * count * (10 - step) for count in counts] for step in range(11)]
    for step, moved in enumerate(steps):
        moved[place] += 100 * sum(counts) * step
    indices = [stability_index(counts, moved) for moved in steps]
    assert indices == sorted(indices) or indices == pytest.approx(sorted(indices))


def test_nothing_counted_is_no_drift():
    assert stability_index([0, 0], [3, 4]) == stability_index([3, 4], [0, 0]) == 0


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.integers(1, 1_000), max_size=BINS))
def test_few_labels_have_a_bin_each(labels):
    assert sorted(bins_of(labels).values()) == list(range(len(labels)))


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.integers(1, 1_000), min_size=BINS + 1))
def test_many_labels_share_ten_bins_that_are_about_equally_full(labels):
    bins = bins_of(labels)
    assert bins.keys() == labels.keys()
    filled = [sum(labels[label] for label in labels if bins[label] == place) for place in range(BINS)]
    assert min(filled) > 0
    assert max(filled) - min(filled) <= max(labels.values())


def filled(drift: Drift, places: list[int]) -> Drift:
    for place in places:
        drift.add(place)
    return drift


def test_too_few_answers_are_not_judged():
    drift = filled(Drift([100, 100]), [0] * (LEAST - 1))
    assert drift.index() == 0
    drift.add(0)
    assert drift.index() > ALERT


def test_the_window_forgets_what_is_long_ago():
    drift = filled(Drift([100, 100]), [0] * 5 * WINDOW)
    assert drift.index() > ALERT
    filled(drift, [0, 1] * (WINDOW // 2))
    assert drift.index() == 0


@pytest.mark.parametrize("answers", [LEAST, WINDOW])
def test_chance_alone_does_not_look_like_drift(answers):
    draw = random.Random(1)
    places = range(BINS)
    highest = max(filled(Drift([200] * BINS), draw.choices(places, k=answers)).index() for _ in range(200))
    assert highest < 0.1
