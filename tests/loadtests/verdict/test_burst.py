"""Bursts of jobs: 300 s of work for one worker, and up to four workers."""

import pytest
from loadtests.verdict.finding import Kind, Verdict

RATE = 20.0
COMES = ((-10.0, 1), (40.0, 4), (200.0, 1))
"""Ready workers: 40 s of one, then four, which have done 300 s of one after 40 + 260 / 4 = 105 s."""


def burst(start, ready=COMES, drained=105.0, **changed):
    end = None if drained is None else start + drained
    told = {
        "messages": 6000, "submitted": start, "drained": end, "initial_workers": 1, "max_workers": 4,
        "messages_per_worker_s": RATE, "answered": 6000, "interrupted": 0,
    }  # fmt: skip
    looks = [
        {"at": start + at, "kind": "deployment", "name": "slipway-worker", "component": "worker",
         "desired": 4, "ready": [count for time, count in ready if time <= at][-1]}
        for at in range(-10, 250)
    ]  # fmt: skip
    looks.append({"at": start - 10, "kind": "clock", "ahead_s": 0.2})
    run = {"scenario": "jobs", "shape": "burst", "started": start - 5, "ended": start + 240, "burst": told | changed}
    return {"run.json": run, "cluster.ndjson": looks}


def kinds(judgement):
    return {finding.kind for finding in judgement.findings}


def test_workers_that_come_and_drain_as_predicted_pass(judged, start):
    judgement = judged(burst(start))
    assert judgement.verdict is Verdict.PASS, judgement.findings
    figures = judgement.figures
    assert figures.workers_at_max_s == pytest.approx(40)
    assert figures.predicted_s == pytest.approx(105)
    assert figures.drain_ratio == pytest.approx(1)
    assert figures.worth_s == pytest.approx(300)


@pytest.mark.parametrize(("drained", "verdict"), [(136.0, Verdict.PASS), (137.0, Verdict.FAIL)])
def test_a_backlog_that_goes_slower_than_the_workers_can_fails(judged, start, drained, verdict):
    assert judged(burst(start, drained=drained)).verdict is verdict


@pytest.mark.parametrize(("drained", "verdict"), [(74.0, Verdict.PASS), (73.0, Verdict.FAIL)])
def test_a_backlog_that_goes_faster_than_it_can_makes_the_rate_wrong(judged, start, drained, verdict):
    assert judged(burst(start, drained=drained)).verdict is verdict


@pytest.mark.parametrize(("at", "verdict"), [(90.0, Verdict.PASS), (91.0, Verdict.FAIL)])
def test_workers_have_ninety_seconds(judged, start, at, verdict):
    drained = at + (300 - at) / 4
    judgement = judged(burst(start, ready=((-10.0, 1), (at, 4), (200.0, 1)), drained=drained))
    assert judgement.verdict is verdict
    assert judgement.figures.drain_ratio == pytest.approx(1)


def test_workers_that_stay_as_many_as_they_were_did_not_scale(judged, start):
    judgement = judged(burst(start, ready=((-10.0, 1),), drained=230.0))
    assert judgement.verdict is Verdict.FAIL
    assert Kind.DID_NOT_SCALE in kinds(judgement)


def test_workers_that_never_reach_the_maximum_are_late(judged, start):
    judgement = judged(burst(start, ready=((-10.0, 1), (20.0, 3)), drained=113.0))
    assert kinds(judgement) == {Kind.SCALED_LATE}


def test_workers_from_zero_are_counted_from_zero(judged, start):
    figures = judged(burst(start, ready=((-10.0, 0), (30.0, 4)), drained=105.0, initial_workers=0)).figures
    assert figures.initial_workers == 0
    assert figures.predicted_s == pytest.approx(30 + 75)


@pytest.mark.parametrize(
    ("changed", "kind"),
    [({"answered": 5999}, Kind.LOST), ({"interrupted": 1}, Kind.INTERRUPTED), ({"drained": None}, Kind.LOST)],
)
def test_nothing_may_be_lost_or_interrupted(judged, start, changed, kind):
    judgement = judged(burst(start, **changed))
    assert judgement.verdict is Verdict.FAIL
    assert kinds(judgement) == {kind}


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"messages_per_worker_s": None}, Kind.NO_CAPACITY),
        ({"answered": None}, Kind.NO_DATA),
        ({"interrupted": None}, Kind.NO_DATA),
        ({"messages": 600, "answered": 600, "drained": 30.0}, Kind.PLAN),
    ],
)
def test_what_nobody_measured_proves_nothing(judged, start, changed, kind):
    judgement = judged(burst(start, **changed))
    assert judgement.verdict is not Verdict.PASS
    assert kind in kinds(judgement)


def test_workers_that_were_all_there_prove_nothing(judged, start):
    judgement = judged(burst(start, ready=((-10.0, 4),), drained=75.0, messages=24000, answered=24000))
    assert judgement.verdict is not Verdict.PASS
    assert Kind.NO_NEED in kinds(judgement)


def test_a_watch_that_looked_away_proves_nothing(judged, start):
    files = burst(start)
    files["cluster.ndjson"] = [look for look in files["cluster.ndjson"] if not 50 < look["at"] - start < 70]
    assert kinds(judged(files)) == {Kind.WATCH_GAP}


def test_a_burst_that_nobody_watched_proves_nothing(judged, start):
    files = burst(start)
    files["cluster.ndjson"] = []
    assert judged(files).verdict is Verdict.INVALID
