"""The rate of every shape, and its phases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loadtests.shapes.choice import SHAPES, Parameters

GIVEN = Parameters(base=10.0, factor=5.0, before=60.0, during=90.0, after=30.0, period=40.0, cycles=3, seconds=20.0)


def shape(name, parameters=GIVEN):
    return SHAPES[name](parameters)


@pytest.mark.parametrize(
    ("name", "rates"),
    [
        ("step", {0: 10, 59.9: 10, 60: 50, 149.9: 50, 150: 10, 179.9: 10, 180: 0}),
        ("spike", {0: 10, 60: 50, 149.9: 50, 150: 10, 180: 0}),
        ("sine", {0: 10, 10: 30, 20: 50, 30: 30, 40: 10, 60: 50, 120: 0}),
        ("soak", {0: 10, 19.9: 10, 20: 0}),
        ("constant", {-1: 0, 0: 10, 19.9: 10, 20: 0}),
    ],
)
def test_rate_at_a_time(name, rates):
    assert {at: shape(name).rate(at) for at in rates} == pytest.approx(rates)


def test_a_step_is_told_as_run_json_has_it():
    assert shape("step").record(1_000.0) == [
        {"name": "1x", "from": 1_000.0, "to": 1_060.0, "rate_rps": 10.0},
        {"name": "5x", "from": 1_060.0, "to": 1_150.0, "rate_rps": 50.0},
        {"name": "1x again", "from": 1_150.0, "to": 1_180.0, "rate_rps": 10.0},
    ]


def test_a_sine_is_told_by_its_mean_rate_and_its_parameters():
    assert shape("sine").record(0.0) == [{"name": "sine", "from": 0.0, "to": 120.0, "rate_rps": 30.0}]
    assert shape("sine").parameters() == {"base_rps": 10.0, "factor": 5.0, "period_s": 40.0, "cycles": 3}


def test_a_soak_has_phases_that_can_be_compared():
    phases = shape("soak", Parameters(seconds=3_600)).phases()

    assert [phase.end - phase.start for phase in phases] == [600.0] * 6
    assert len({phase.name for phase in phases}) == 6


def test_times_that_are_not_said_are_those_of_the_shape():
    lengths = {name: shape(name, Parameters()).seconds for name in SHAPES}

    assert lengths == {"step": 480, "spike": 330, "sine": 480, "soak": 3_600, "constant": 60}


@pytest.mark.parametrize("name", SHAPES)
@given(
    base=st.floats(0.1, 500),
    factor=st.floats(1, 20),
    seconds=st.floats(1, 5_000),
    period=st.floats(2, 600),
    at=st.floats(0, 1, exclude_max=True),
)
def test_phases_and_pieces_cover_the_whole_load_and_mean_the_same(name, base, factor, seconds, period, at):
    found = shape(name, Parameters(base=base, factor=factor, during=seconds, seconds=seconds, period=period))
    phases, pieces = found.phases(), list(found.pieces())

    for stretches in (phases, pieces):
        assert stretches[0].start == 0
        assert stretches[-1].end == pytest.approx(found.seconds)
        ends, starts = [x.end for x in stretches[:-1]], [x.start for x in stretches[1:]]
        assert ends == starts
    volumes = [sum((x.end - x.start) * x.rate for x in stretches) for stretches in (phases, pieces)]
    assert volumes[1] == pytest.approx(volumes[0], rel=0.01)
    assert base * 0.999 <= found.rate(at * found.seconds) <= base * factor * 1.001


@pytest.mark.parametrize("wrong", [{"base": 0}, {"factor": -1}, {"during": 0}, {"cycles": 0}, {"period": float("nan")}])
def test_what_is_not_positive_is_named(wrong):
    (name,) = wrong
    with pytest.raises(ValueError, match=f"`{name}` of a shape must be over 0"):
        Parameters(**wrong)
