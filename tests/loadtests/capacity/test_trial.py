"""The figures of a trial, from what the generator wrote down."""

import pytest
from loadtests.capacity.trial import Limits, measured


def sample(due, outcome="ok", seconds=0.1, late=0.0, status=200):
    return {"due": due, "began": due + late, "seconds": seconds, "outcome": outcome, "status": status, "detail": ""}


def second(cpu=0.1, late_by=None):
    return {"cpu": cpu, "late_by": late_by}


def test_only_what_was_due_in_the_measured_time_counts():
    samples = [
        sample(0.5, "error", seconds=9),
        *[sample(1 + number / 10) for number in range(18)],
        sample(2.9, seconds=0.7),
        sample(2.95, "refused", seconds=0.01, status=503),
        sample(3.0, "error"),
    ]
    trial = measured(10.0, 1.0, 3.0, samples, [second(0.2), second(0.5)])

    assert (trial.requests, trial.ok_rps, trial.errors) == (20, 9.5, 0.0)
    assert trial.refused == pytest.approx(1 / 20)
    assert trial.p95_ms == 100.0
    assert (trial.sent, trial.generator_cpu, trial.generator_late, trial.over_rate) == (1.0, 0.5, False, False)


def test_what_went_out_after_the_end_was_not_sent():
    trial = measured(2.0, 0.0, 2.0, [sample(0.1), sample(1.0, late=1.5)], [second(late_by="target")])

    assert trial.sent == 0.5
    assert not trial.generator_late


def test_a_key_over_its_rate_and_a_late_generator_are_told():
    trial = measured(1.0, 0.0, 1.0, [sample(0.1, "refused", status=429)], [second(late_by="generator")])

    assert trial.over_rate
    assert trial.generator_late


def test_without_requests_there_is_no_latency():
    assert measured(1.0, 0.0, 1.0, [], []).p95_ms is None


def test_what_most_errors_were_is_told():
    details = ["502 instead of 200", "no answer", "502 instead of 200", ""]
    samples = [sample(0.1, "error" if detail else "ok") | {"detail": detail} for detail in details]
    trial = measured(4.0, 0.0, 1.0, samples, [])

    assert "75.0% errors (502 instead of 200)" in trial.complaint(Limits())
    assert not trial.unanswered
