"""What the bench of sealing says of its jobs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loadtests.sealing.figures import BAR, Pair, figures
from loadtests.sealing.job import Cost

SECONDS = st.floats(0.1, 100.0)


def pair(ratio, cpu_ratio=1.0):
    return Pair(sealed=Cost(10.0, 20.0), plain=Cost(10.0 * ratio, 20.0 * cpu_ratio))


@given(sealed=SECONDS, plain=SECONDS)
def test_a_ratio_is_below_one_when_sealing_takes_longer(sealed, plain):
    found = Pair(Cost(sealed, 1.0), Cost(plain, 1.0)).ratio
    assert (found < 1) == (plain < sealed)


@pytest.mark.parametrize(("ratio", "passed"), [(BAR, True), (BAR - 0.001, False), (1.02, True)])
def test_the_dearest_kind_is_held_to_the_bar(ratio, passed):
    found = figures({"people": [pair(ratio)] * 3, "nobody": [pair(1.1)] * 3}, 1_000, judged=True)

    assert found["sealing_ratio"] == pytest.approx(ratio)
    assert (found["passed"], found["bar"]) == (passed, BAR)


def test_one_pair_that_was_disturbed_decides_nothing_and_is_shown():
    found = figures({"people": [pair(0.99), pair(0.98), pair(0.4)]}, 1_000, judged=True)

    assert (found["sealing_ratio"], found["sealing_spread"]) == (0.98, [0.4, 0.99])


def test_processor_time_and_throughput_are_told_beside_the_ratio():
    found = figures({"people": [pair(0.5, cpu_ratio=0.9)]}, 1_000, judged=True)["people"]

    assert found["cpu_ratio"] == 0.9
    assert found["messages_per_s"] == {"sealed": 100.0, "plain": 200.0}
    assert found["cpu_ms_per_message"] == {"sealed": 20.0, "plain": 18.0}


def test_without_a_model_nothing_is_judged():
    found = figures({"people": [pair(0.5)]}, 1_000, judged=False)

    assert (found["bar"], found["passed"]) == (None, None)
