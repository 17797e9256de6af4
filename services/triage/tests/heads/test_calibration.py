import numpy as np
import pytest

from triage.heads.calibration import expected_calibration_error, fit_temperature
from triage.heads.linear import softmax


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_temperature_of_distorted_logits_is_found(temperature):
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(20_000, 5)) * 2
    truth = (softmax(logits).cumsum(axis=1) > rng.random((20_000, 1))).argmax(axis=1)
    assert fit_temperature(logits * temperature, truth) == pytest.approx(temperature, rel=0.05)


def test_the_error_of_a_model_that_is_always_sure_and_half_right():
    right = np.array([True, False] * 50)
    assert expected_calibration_error(np.ones(100), right) == pytest.approx(0.5)


def test_a_model_that_knows_what_it_knows_has_no_error():
    right = np.array([True] * 3 + [False])
    assert expected_calibration_error(np.full(4, 0.75), right) == pytest.approx(0)
