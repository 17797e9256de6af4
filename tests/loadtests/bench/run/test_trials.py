"""On which processors, and in which variant."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest
from loadtests.bench.cases import BULK_PEAK, CASES, PEAK
from loadtests.bench.cores import available, pinned, share_out
from loadtests.bench.kind import Kind
from loadtests.bench.measurement import Measurement
from loadtests.bench.peers.systems import PEERS
from loadtests.bench.systems.system import Variant
from loadtests.bench.trials import beside, configurations, finalists, rivals, trial_cases


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


VARIANTS = [Variant("one"), Variant("two"), Variant("three")]


def slice_of(system, variant, turn, speed, errors=0):
    contest = "trial/x/single_c64/0"
    return Measurement(
        system, variant, PEAK.name, contest, turn, 9, 9, 2.0, speed, speed, 1.0, 1.0, 1.0, errors, 1.0, 0.1
    )


def test_a_variant_is_judged_by_its_neighbour_and_not_by_the_machines_mood():
    found = [
        slice_of("slipway", "all", 1, 400.0),
        slice_of("x", "one", 1, 200.0),
        slice_of("slipway", "all", 2, 200.0),
        slice_of("x", "two", 2, 150.0),
        slice_of("x", "broken", 2, 900.0, errors=1),
    ]

    assert beside(found, "slipway") == {"one": 0.5, "two": 0.75}


def test_three_are_tried_again_and_nobody_who_is_far_behind():
    assert finalists({"a": 0.5, "b": 0.9, "c": 0.85, "d": 0.8, "e": 0.86}) == ["b", "e", "c"]
    assert finalists({"a": 0.5, "b": 0.9}) == ["b"]
    assert finalists({}) == []


def test_of_some_turns_the_mean_counts_and_an_error_in_one_is_enough():
    found = [slice_of("slipway", "all", turn, speed) for turn, speed in ((1, 400.0), (2, 200.0))]
    found += [slice_of("x", "one", turn, speed) for turn, speed in ((1, 100.0), (2, 100.0))]
    found += [slice_of("x", "two", turn, 200.0, errors=turn - 1) for turn in (1, 2)]

    assert beside(found, "slipway") == {"one": 0.375}


def test_what_has_no_rival_of_its_kind_needs_no_trial():
    assert rivals(VARIANTS[:1]) == []
    assert rivals([*VARIANTS, Variant("cut", kind=Kind.SORTED)]) == VARIANTS


def test_trials_are_of_the_busiest_case_of_each_group():
    assert trial_cases(CASES) == [PEAK, BULK_PEAK]
    assert trial_cases(CASES[:1]) == [PEAK]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_server_is_started_once_for_all_ways_and_no_variant_is_left_out(peer):
    found = configurations(peer.variants)

    assert sorted(each.name for group in found for each in group) == sorted(each.name for each in peer.variants)
    assert all([each.settings["way"] for each in group] == ["padded", "each", "sorted"] for group in found)


def test_variants_without_ways_are_configurations_of_their_own():
    assert configurations(VARIANTS) == [[each] for each in VARIANTS]


def test_a_measurement_survives_its_file():
    step = replace(slice_of("x", "one", 3, 100.5), kind=Kind.SORTED)

    assert Measurement.from_json(step.to_json()) == step
