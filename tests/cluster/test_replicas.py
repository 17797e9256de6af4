"""What the watch of a Deployment says."""

import pytest

from cluster.replicas import Reading, Readings, reading


@pytest.mark.parametrize(
    ("line", "expected"),
    [("5/5\n", (5, 5)), ("5/\n", (5, 0)), ("/\n", (0, 0))],
)
def test_the_api_server_leaves_out_what_is_zero(line, expected):
    found = reading(line, 7.0)

    assert (found.wanted, found.ready) == expected


def test_the_fewest_are_found_wherever_they_were():
    readings = Readings([Reading(1.0, 5, 5), Reading(2.0, 5, 4), Reading(3.0, 4, 4), Reading(4.0, 5, 5)])

    assert readings.least_ready() == 4
    assert readings.least_wanted() == 4
