"""Services are left out of a compose file."""

import pytest

from e2e.failure import UnmetError
from e2e.without import leave_out, move_mounts, set_variables

STACK = {
    "name": "stack",
    "services": {
        "kibana": {"restart": "unless-stopped", "depends_on": {"store": {"condition": "service_healthy"}}},
        "kibana-setup": {"restart": "no", "depends_on": {"kibana": {"condition": "service_healthy"}}},
        "store-setup": {"restart": "no"},
        "collector": {"restart": "unless-stopped", "depends_on": {"store": {"condition": "service_started"}}},
        "store": {"restart": "unless-stopped", "volumes": [{"source": "/here/rules", "target": "/rules"}]},
    },
}


def test_a_service_goes_with_the_one_shots_that_wait_for_it():
    assert set(leave_out(STACK, {"kibana"})["services"]) == {"collector", "store", "store-setup"}


def test_others_stay_and_wait_no_more():
    kept = leave_out(STACK, {"store"})["services"]

    assert set(kept) == {"kibana", "kibana-setup", "collector"}
    assert kept["collector"]["depends_on"] == {}


def test_what_is_given_stays_as_it_is():
    leave_out(STACK, {"kibana", "store"})

    assert len(STACK["services"]) == 5
    assert STACK["services"]["collector"]["depends_on"]


def test_a_service_that_is_not_there_cannot_be_left_out():
    with pytest.raises(UnmetError, match="no service grafanna"):
        leave_out(STACK, {"grafanna"})


def test_mounts_are_moved():
    moved = move_mounts(leave_out(STACK, ()), "/here/rules", "/there")

    assert moved["services"]["store"]["volumes"] == [{"source": "/there", "target": "/rules"}]
    assert STACK["services"]["store"]["volumes"][0]["source"] == "/here/rules"


def test_variables_are_set_where_another_is():
    stack = {"services": {"ours": {"environment": {"KNOWN": "1"}}, "other": {}}}

    assert set_variables(stack, {"MORE": "2"}, "KNOWN")["services"] == {
        "ours": {"environment": {"KNOWN": "1", "MORE": "2"}},
        "other": {},
    }
