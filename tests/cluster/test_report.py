"""The verdict of a run, and the line that programs read."""

import json

from cluster.report import FIGURES, Outcome, last_line, summary


def test_the_last_line_is_one_object_that_always_has_the_same_keys():
    line = last_line(Outcome(checks=3))

    assert "\n" not in line
    assert list(json.loads(line)) == ["checks", "failed", *FIGURES]


def test_figures_are_told_and_rounded():
    outcome = Outcome()
    outcome.measure(scale_up_s=41.234, error_rate=0.00012345, pinned_verdict="FAIL", upgrade_s=12.04)

    told = json.loads(last_line(outcome))
    assert (told["scale_up_s"], told["error_rate"], told["pinned_verdict"]) == (41.2, 0.0001, "FAIL")
    assert told["upgrade_s"] == 12.0


def test_a_run_that_checked_nothing_has_not_passed():
    outcome = Outcome()

    assert not outcome.passed
    assert "Nothing was checked." in summary(outcome)
    assert "NOT PASSED." in summary(outcome)


def test_one_check_that_does_not_hold_fails_the_run():
    outcome = Outcome()
    outcome.check("network", "this passes", holds=True)
    assert outcome.passed

    outcome.check("network", "that is blocked", holds=False)

    assert not outcome.passed
    assert outcome.checks == 2
    assert outcome.failed == ["network: that is blocked"]
    assert "FAILED: network: that is blocked" in summary(outcome)


def test_a_failed_command_is_told_with_what_it_said_last():
    outcome = Outcome()
    outcome.fail("install", "`helm install` failed with exit status 1:\n    some lines\n    Error: no such chart")

    assert outcome.failed == ["install: `helm install` failed with exit status 1: Error: no such chart"]


def test_what_was_not_checked_is_said():
    outcome = Outcome()
    outcome.leave_unchecked("a killed PostgreSQL: it is not part of this release")

    assert "Not checked: a killed PostgreSQL: it is not part of this release" in summary(outcome)
