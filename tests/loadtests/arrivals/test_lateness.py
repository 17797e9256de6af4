"""Whose fault it is when requests are sent late."""

import pytest
from loadtests.arrivals.lateness import culprit


@pytest.mark.parametrize(
    ("lag", "loop_lag", "busy", "clients", "blamed"),
    [
        (0.02, 0.01, 3, 10, None),
        (2.0, 0.01, 10, 10, "target"),
        (2.0, 1.9, 10, 10, "generator"),
        (2.0, 1.9, 3, 10, "generator"),
        (0.3, 0.01, 9, 10, "generator"),
    ],
)
def test_clients_that_wait_are_the_targets_fault_and_a_process_that_sleeps_is_its_own(
    lag, loop_lag, busy, clients, blamed
):
    assert culprit(lag, loop_lag, busy, clients) == blamed
