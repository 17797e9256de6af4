"""What a person may ask for."""

import pytest

from e2e.options import STEPS, read_options


def test_by_default_everything_is_done():
    options = read_options([], {})

    assert tuple(options.steps) == STEPS
    assert options.taken_down
    assert not options.without


@pytest.mark.parametrize("text", ["grafana kibana", "grafana,kibana"])
def test_services_are_left_out_by_the_environment(text):
    assert read_options([], {"E2E_WITHOUT": text}).without == {"grafana", "kibana"}


def test_steps_keep_their_order():
    assert read_options(["--only", "flags,walk"], {}).steps == ["walk", "flags"]


@pytest.mark.parametrize("arguments", [["--keep"], ["--no-boot"]])
def test_a_stack_that_is_to_stay_stays(arguments):
    assert not read_options(arguments, {}).taken_down


@pytest.mark.parametrize("steps", ["wolk", ""])
def test_a_step_that_is_none_is_explained(capsys, steps):
    with pytest.raises(SystemExit):
        read_options(["--only", steps], {})

    assert "walk" in capsys.readouterr().err
