"""What the steps make of a load test's verdict."""

from types import SimpleNamespace

import pytest
from e2e.failure import UnmetError

from cluster.loadtest import check_removals, verdict_of
from cluster.report import Outcome


@pytest.mark.parametrize(("removals", "passed"), [([], False), ([{"pod": "a"}], True)])
def test_a_run_in_which_no_pod_went_does_not_show_how_pods_go(removals, passed):
    outcome = Outcome()
    check_removals(SimpleNamespace(outcome=outcome), "autoscale", {"figures": {"removals": removals}})

    assert outcome.passed is passed


@pytest.mark.parametrize("line", ["", "nothing", '{"verdict": null, "error": "no cluster"}', "[1]"])
def test_without_a_verdict_what_was_said_last_is_told(line):
    with pytest.raises(UnmetError, match="no verdict"):
        verdict_of(line, 3)


def test_a_verdict_is_read():
    assert verdict_of('{"verdict": "FAIL"}', 1)["verdict"] == "FAIL"
