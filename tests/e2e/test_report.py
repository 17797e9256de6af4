"""The verdict, and the line that programs read."""

import json

import pytest

from e2e.report import Outcome, last_line, summary

KEYS = [
    "services",
    "signals",
    "missing_signals",
    "alerts_fired",
    "alerts_silent",
    "failed",
    "start_s",
    "images_mb",
    "memory_mb",
]


def test_the_last_line_is_one_object():
    line = last_line(Outcome(services=21, signals=60, start_s=61.234))

    assert "\n" not in line
    assert list(json.loads(line)) == KEYS
    assert json.loads(line)["start_s"] == 61.2


@pytest.mark.parametrize("against", ["missing_signals", "alerts_silent", "failed"])
def test_whatever_is_found_wrong_fails_the_run(against):
    outcome = Outcome(signals=60)
    assert outcome.passed
    assert "Everything that was checked is as it must be." in summary(outcome)

    getattr(outcome, against).append("something")

    assert not outcome.passed
    assert any("something" in line for line in summary(outcome))
    assert "NOT PASSED." in summary(outcome)


def test_what_was_not_checked_is_said():
    outcome = Outcome()
    outcome.leave_unchecked("grafana: health (without grafana)")

    assert "Not checked: grafana: health (without grafana)" in summary(outcome)


def test_a_failure_is_kept_by_its_first_line(capsys):
    outcome = Outcome()
    outcome.fail("demo", "The API is gone.\nand here is why")

    assert outcome.failed == ["demo: The API is gone."]
    assert "and here is why" in capsys.readouterr().out
