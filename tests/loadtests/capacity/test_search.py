"""The search for the highest rate that is held, on a simulated target."""

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loadtests.capacity.search import NothingHeldError, Plan, Search
from loadtests.capacity.trial import Limits, Trial

LIMITS = Limits()


class Target:
    """Holds so many requests a second; of more it answers as many, and refuses the others."""

    def __init__(self, capacity, collapse=1.0, noise=0.0, seed=1):
        self.capacity, self.collapse, self.noise = capacity, collapse, noise
        self.dice = random.Random(seed)
        self.rates = []

    def run(self, rate):
        self.rates.append(rate)
        capacity = self.capacity * (1 + self.dice.uniform(-self.noise, self.noise))
        held = rate <= capacity
        answered = rate if held else capacity * self.collapse
        return Trial(
            rate_rps=round(rate, 2),
            requests=100,
            p95_ms=100.0 if held else 900.0,
            ok_rps=answered,
            refused=0.0 if held else 1 - answered / rate,
            errors=0.0,
            sent=1.0,
            over_rate=False,
            generator_cpu=0.1,
            generator_late=False,
        )


def always():
    return True


@given(capacity=st.floats(0.5, 5_000), collapse=st.floats(0.3, 1.0))
def test_it_finds_the_capacity_closely_and_from_below(capacity, collapse):
    target = Target(capacity, collapse)
    found = Search(target.run, always).find()

    assert capacity * 0.9 <= found.capacity_rps <= capacity + 0.01
    assert found.spread <= 0.07
    assert found.confirmed == 2
    assert target.rates[-2:] == [target.rates[-1]] * 2
    assert found.trials[-1].rate_rps == found.capacity_rps


@pytest.mark.parametrize("capacity", [20, 60, 150, 400])
def test_a_target_that_refuses_well_is_found_within_nine_trials(capacity):
    target = Target(capacity)
    Search(target.run, always).find()

    assert len(target.rates) <= 9


@given(seed=st.integers(0, 1_000))
def test_a_noisy_target_is_not_credited_with_what_it_holds_by_luck(seed):
    target = Target(60, noise=0.15, seed=seed)
    found = Search(target.run, always).find()

    assert 40 <= found.capacity_rps <= 69
    if found.confirmed == 2:
        complaints = [trial.complaint(LIMITS) for trial in found.trials[-2:]]
        assert complaints == [None, None]


def test_a_trial_that_failed_while_the_generator_was_late_is_repeated():
    target, late = Target(60), iter([True])

    def run(rate):
        trial = target.run(rate)
        if rate == 45 and next(late, False):
            return replace(trial, p95_ms=900.0, ok_rps=20.0, generator_late=True)
        return trial

    found = Search(run, always).find()

    assert target.rates[:3] == [15, 45, 45]
    assert 54 <= found.capacity_rps <= 60


def test_when_time_is_up_the_best_so_far_is_confirmed():
    target, left = Target(60), iter([True, True, True])
    found = Search(target.run, lambda: next(left, False)).find()

    assert len(target.rates) == 5
    assert found.capacity_rps == 45
    assert found.confirmed == 2
    assert found.spread == 2.0


def test_a_target_that_holds_nothing_is_told_with_the_reason():
    with pytest.raises(NothingHeldError, match=r"p95 900 ms, 100\.0% refused"):
        Search(Target(0).run, always, Plan()).find()


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({}, None),
        ({"p95_ms": 500.0, "refused": 0.001, "errors": 0.001, "sent": 0.98}, None),
        ({"p95_ms": 501.0}, "p95 501 ms"),
        ({"p95_ms": None}, "nothing was due"),
        ({"refused": 0.011}, "1.1% refused"),
        ({"errors": 0.002, "sent": 0.9}, "0.2% errors, 90.0% sent"),
    ],
)
def test_what_a_rate_must_not_go_beyond(changed, complaint):
    good = {"p95_ms": 100.0, "refused": 0.0, "errors": 0.0, "sent": 1.0}
    trial = Trial(10, 100, ok_rps=10, over_rate=False, generator_cpu=0, generator_late=False, **(good | changed))

    assert trial.complaint(LIMITS) == complaint
