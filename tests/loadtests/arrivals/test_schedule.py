"""When requests are due."""

from itertools import pairwise
from statistics import mean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loadtests.arrivals.register import per_second
from loadtests.arrivals.schedule import SPACINGS, Schedule
from loadtests.shapes.choice import SHAPES, Parameters

STEP = SHAPES["step"](Parameters(base=20, factor=5, before=20, during=20, after=20))


def between(times, start, end):
    return sum(start <= time < end for time in times)


@pytest.mark.parametrize("spacing", SPACINGS)
def test_as_many_are_due_as_the_shape_wants(spacing):
    times = list(Schedule(STEP, spacing, seed=3).times())

    assert between(times, 0, 20) == pytest.approx(400, rel=0.2)
    assert between(times, 20, 40) == pytest.approx(2_000, rel=0.1)
    assert between(times, 40, 60) == pytest.approx(400, rel=0.2)
    assert len(times) == between(times, 0, 60)


def test_even_gaps_are_even():
    shape = SHAPES["constant"](Parameters(base=8, seconds=10))

    assert list(Schedule(shape, "even").times()) == pytest.approx([(number + 0.5) / 8 for number in range(80)])


def test_poisson_gaps_are_as_random_as_those_of_callers_who_know_nothing_of_each_other():
    shape = SHAPES["constant"](Parameters(base=50, seconds=200))
    times = list(Schedule(shape, "poisson", seed=1).times())
    gaps = [then - now for now, then in pairwise(times)]

    assert mean(gaps) == pytest.approx(1 / 50, rel=0.05)
    assert pstdev(gaps) == pytest.approx(mean(gaps), rel=0.1)


def test_a_sine_is_followed():
    shape = SHAPES["sine"](Parameters(base=20, factor=5, period=40, cycles=2))
    times = list(Schedule(shape, "even").times())

    assert between(times, 15, 25) > 3 * between(times, 0, 5) + 3 * between(times, 35, 40)
    assert len(times) == pytest.approx(80 * 60, rel=0.01)


@given(workers=st.integers(1, 7), seed=st.integers(0, 9), spacing=st.sampled_from(SPACINGS))
def test_workers_together_send_the_same_as_one_alone(workers, seed, spacing):
    schedule = Schedule(STEP, spacing, seed)
    shares = [list(schedule.times(index, workers)) for index in range(workers)]

    assert sorted(time for share in shares for time in share) == list(schedule.times())
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_seeds_differ():
    first, again, other = (list(Schedule(STEP, seed=seed).times()) for seed in (1, 1, 2))

    assert first == again != other


def test_counts_of_seconds_add_up():
    schedule = Schedule(STEP, seed=5)
    counts = list(per_second(schedule))

    assert len(counts) == 60
    assert sum(counts) == len(list(schedule.times()))
    assert counts[30] == between(list(schedule.times()), 30, 31)
