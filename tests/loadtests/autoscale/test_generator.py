"""The load that a run asks for."""

import pytest
from loadtests.autoscale.generator import shape_of
from loadtests.autoscale.options import BASE_SHARE, read_options


@pytest.mark.parametrize("shape", ["step", "spike"])
def test_the_load_rises_to_five_times_one_pods_share_and_falls_again(shape):
    made = shape_of(read_options(["--shape", shape, "--before", "10"], {}), BASE_SHARE * 50)

    rates = [phase.rate for phase in made.phases()]
    assert rates == [30.0, 150.0, 30.0]
    assert made.phases()[0].end == 10.0


@pytest.mark.parametrize("shape", ["sine", "soak", "constant"])
def test_other_shapes_start_at_one_pods_share(shape):
    made = shape_of(read_options(["--shape", shape], {}), 30.0)

    assert made.rate(0.0) == pytest.approx(30.0)
