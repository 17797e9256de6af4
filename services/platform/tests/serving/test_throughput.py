"""What the model can do, by what it did."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.serving.throughput import Throughput

BATCHES = st.lists(st.tuples(st.integers(1, 64), st.floats(1e-4, 30)), min_size=1, max_size=50)


def test_before_the_first_batch_nobody_knows():
    assert Throughput().rate is None


@given(BATCHES)
def test_it_lies_between_the_slowest_and_the_fastest_batch(batches):
    throughput = Throughput()
    for inputs, seconds in batches:
        throughput.record(inputs, seconds)

    rates = [inputs / seconds for inputs, seconds in batches]
    assert min(rates) * 0.999 <= throughput.rate <= max(rates) * 1.001


def test_after_a_few_seconds_of_work_the_latest_speed_counts():
    throughput = Throughput()
    for inputs in [64] * 100 + [16] * 40:
        throughput.record(inputs, 0.25)

    assert throughput.rate == pytest.approx(64, rel=0.05)


def test_short_batches_hardly_weigh():
    throughput = Throughput()
    for _ in range(20):
        throughput.record(64, 0.25)
        throughput.record(1, 0.01)

    assert throughput.rate == pytest.approx(250, rel=0.05)
