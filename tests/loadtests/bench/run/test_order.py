"""Who comes when, on which processors, and in which variant."""

import os
import subprocess
import sys
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loadtests.bench.cases import BULK_PEAK, CASES, FRACTIONS, PEAK
from loadtests.bench.cores import available, pinned, share_out
from loadtests.bench.kind import Kind
from loadtests.bench.measurement import Measurement
from loadtests.bench.order import order
from loadtests.bench.systems.system import Variant
from loadtests.bench.trials import choose, rivals
from loadtests.bench.visit import Visits

NAMES = st.lists(st.text(min_size=1), unique=True, max_size=9)


@given(NAMES, st.integers(1, 20))
def test_everybody_has_one_turn_in_each_round(names, number):
    assert sorted(order(names, number)) == sorted(names)


@given(NAMES.filter(lambda names: len(names) > 2), st.integers(1, 20))
def test_the_next_round_has_another_order(names, number):
    assert order(names, number) != order(names, number + 1)


def test_neighbours_stay_neighbours_but_for_one_pair():
    names = list("abcdef")
    pairs = {frozenset(pair) for pair in zip(names, names[1:] + names[:1], strict=True)}

    for number in range(1, 9):
        turns = order(names, number)
        assert {frozenset(pair) for pair in pairwise(turns)} < pairs


@pytest.mark.parametrize(
    ("there", "servers", "generator"),
    [([0], (0,), 0), ([1, 0], (0, 1), 1), ([4, 2, 6], (2, 4), 6), ([0, 1, 2, 3], (0, 1, 2), 3)],
)
def test_the_generator_has_a_processor_for_itself_where_there_are_enough(there, servers, generator):
    cores = share_out(there)

    assert (cores.servers, cores.generator) == (servers, generator)
    assert cores.shared is (len(there) < 3)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system cannot pin processes")
def test_what_is_started_while_pinned_is_pinned_and_nothing_else():
    before, last = os.sched_getaffinity(0), available()[-1]
    command = [sys.executable, "-c", "import os; print(*os.sched_getaffinity(0))"]

    with pinned([last]):
        child = subprocess.run(command, capture_output=True, text=True, check=True)

    assert child.stdout.split() == [str(last)]
    assert os.sched_getaffinity(0) == before


VARIANTS = [Variant("one"), Variant("two"), Variant("broken")]
OWN_WAY = [Variant("cut", kind=Kind.SORTED), Variant("cut finely", kind=Kind.SORTED)]


def trial(variant, case, speed, errors=0):
    return Measurement("x", variant, case.name, 0, 9, 9, 2.0, speed, speed, 1.0, 1.0, 1.0, errors, 1.0, 0.1)


def test_the_fastest_variant_of_each_group_is_chosen():
    trials = [
        trial("one", PEAK, 100.0),
        trial("two", PEAK, 120.0),
        trial("one", BULK_PEAK, 300.0),
        trial("two", BULK_PEAK, 280.0),
        trial("broken", PEAK, 999.0, errors=1),
    ]

    assert choose(trials, VARIANTS, CASES) == {"documented": {"single": "two", "bulk": "one"}}


def test_a_faster_variant_of_another_kind_takes_no_place():
    rates = {"one": 100.0, "two": 120.0, "broken": 90.0, "cut": 300.0, "cut finely": 310.0}
    trials = [trial(variant, case, rate) for variant, rate in rates.items() for case in (PEAK, BULK_PEAK)]

    found = choose(trials, [*VARIANTS, *OWN_WAY], CASES)

    assert found == {
        "documented": {"single": "two", "bulk": "two"},
        "sorted": {"single": "cut finely", "bulk": "cut finely"},
    }


def test_without_a_variant_that_answers_there_is_no_choice():
    with pytest.raises(RuntimeError, match="None of 3 variants answered without errors in the trial of bulk"):
        choose([trial("one", PEAK, 100.0)], VARIANTS, CASES)


def test_what_has_no_rival_of_its_kind_needs_no_trial():
    assert rivals(VARIANTS[:1]) == []
    assert rivals([*VARIANTS, OWN_WAY[0]]) == VARIANTS
    assert choose([], VARIANTS[:1], CASES) == {"documented": {"single": "one", "bulk": "one"}}


def test_a_curve_is_measured_of_what_the_documentation_shows_alone():
    visits = partial(Visits, steps=None, places=None, texts=[], seed=1, cases=CASES)

    assert visits(curve=True).count(Kind) == len(CASES) + len(FRACTIONS) + len(CASES)
    assert visits(curve=False).count(Kind) == 2 * len(CASES)


def test_a_measurement_survives_its_file():
    step = replace(trial("one", PEAK, 100.5), kind=Kind.SORTED)

    assert Measurement.from_json(step.to_json()) == step
