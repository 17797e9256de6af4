"""The load that a run asks for."""

import pytest
from loadtests.autoscale.generator import _command, shape_of
from loadtests.autoscale.options import BASE_SHARE, read_options
from loadtests.autoscale.way import Way


@pytest.mark.parametrize("shape", ["step", "spike"])
def test_the_load_rises_to_five_times_one_pods_share_and_falls_again(shape):
    made = shape_of(read_options(["--shape", shape, "--before", "10"], {}), BASE_SHARE * 50)

    rates = [phase.rate for phase in made.phases()]
    assert rates == [30.0, 150.0, 30.0]
    assert made.phases()[0].end == 10.0


@pytest.mark.parametrize("shape", ["step", "spike", "sine"])
def test_the_highest_rate_is_as_many_times_the_base_as_is_asked_for(shape, tmp_path):
    options = read_options(["--shape", shape, "--factor", "3"], {})

    assert max(piece.rate for piece in shape_of(options, 10.0).pieces()) == pytest.approx(30.0, rel=0.01)
    command = _command(options, Way("https://here", tmp_path / "keys", None), 10.0, tmp_path)
    assert command[command.index("--factor") + 1] == "3.0"


@pytest.mark.parametrize("shape", ["sine", "soak", "constant"])
def test_other_shapes_start_at_one_pods_share(shape):
    made = shape_of(read_options(["--shape", shape], {}), 30.0)

    assert made.rate(0.0) == pytest.approx(30.0)
