"""One run for each kind of verdict."""

import math

import pytest
from loadtests.verdict.finding import Kind, Verdict

GOOD = ((0.0, 1), (112.0, 4), (330.0, 1))
SLOW_REFUSALS = {"refuse_after": 0.8}


def kinds(judgement):
    return {finding.kind for finding in judgement.findings}


def test_a_run_that_scaled_and_held_passes(simulate, judged):
    judgement = judged(simulate(**SLOW_REFUSALS).files())
    assert judgement.verdict is Verdict.PASS
    assert kinds(judgement) == {Kind.HELD}
    figures = judgement.figures
    assert figures.scale_up_s == pytest.approx(30, abs=1.5)
    assert 30 <= figures.recovered_s <= 45
    assert (figures.max_replicas, figures.least_replicas, figures.direction_changes) == (4, 1, 1)
    assert figures.errors == figures.scale_down_failed == 0
    assert 0.05 < figures.refused_rate < 0.2
    assert figures.refused_settled_rate <= 0.001


def test_a_pinned_run_fails_because_it_did_not_scale(simulate, judged):
    judgement = judged(simulate(desired=((0.0, 1),), pinned=True, **SLOW_REFUSALS).files())
    assert judgement.verdict is Verdict.FAIL
    assert Kind.DID_NOT_SCALE in kinds(judgement)
    assert judgement.figures.scale_up_s is None
    assert judgement.figures.recovered_s is None


def test_a_pinned_run_fails_also_where_requests_wait_instead_of_being_refused(simulate, judged):
    judgement = judged(simulate(desired=((0.0, 1),), refuse_after=math.inf).files())
    assert judgement.verdict is Verdict.FAIL
    assert {Kind.DID_NOT_SCALE, Kind.SLOW, Kind.SCALED_LATE} <= kinds(judgement)


def test_pods_that_are_wanted_and_never_ready_do_not_count(simulate, judged):
    files = simulate(**SLOW_REFUSALS).files()
    for look in files["cluster.ndjson"]:
        if look["kind"] == "deployment":
            look["ready"] = 1
    assert Kind.DID_NOT_SCALE in kinds(judged(files))


def test_pods_that_came_too_late_are_told_from_pods_that_never_came(simulate, judged):
    judgement = judged(simulate(desired=((0.0, 1), (155.0, 4), (330.0, 1)), **SLOW_REFUSALS).files())
    assert judgement.verdict is Verdict.FAIL
    assert kinds(judgement) == {Kind.SCALED_LATE}
    assert judgement.figures.scale_up_s > 60


def test_too_few_pods_are_too_late(simulate, judged):
    judgement = judged(simulate(desired=((0.0, 1), (112.0, 2), (330.0, 1)), **SLOW_REFUSALS).files())
    assert judgement.verdict is Verdict.FAIL
    assert Kind.SCALED_LATE in kinds(judgement)
    assert Kind.DID_NOT_SCALE not in kinds(judgement)


def test_pods_that_lose_their_readiness_at_once_were_not_ready(simulate, judged):
    files = simulate(desired=((0.0, 1), (112.0, 4), (330.0, 1)), **SLOW_REFUSALS).files()
    looks = [one for one in files["cluster.ndjson"] if one["kind"] == "deployment" and one["ready"] == 4]
    for number, look in enumerate(looks):
        look["ready"] = 4 if number % 8 < 4 else 2
    assert judged(files).figures.scale_up_s is None


def test_an_autoscaler_that_wavers_is_told(simulate, judged):
    wavers = ((0.0, 1), (112.0, 4), (180.0, 3), (200.0, 4), (220.0, 3), (240.0, 4), (330.0, 1))
    judgement = judged(simulate(desired=wavers, **SLOW_REFUSALS).files())
    assert judgement.verdict is Verdict.FAIL
    assert Kind.OSCILLATED in kinds(judgement)
    assert judgement.figures.direction_changes == 5


def test_a_rise_that_nothing_asked_for_is_told(simulate, judged):
    judgement = judged(simulate(desired=((0.0, 1), (70.0, 2), (112.0, 4), (330.0, 1)), **SLOW_REFUSALS).files())
    assert judgement.verdict is Verdict.FAIL
    assert kinds(judgement) == {Kind.SCALED_WITHOUT_NEED}


def test_a_late_reaction_to_the_load_of_a_minute_ago_is_no_rise_without_need(simulate, judged):
    desired = ((0.0, 1), (112.0, 3), (310.0, 4), (400.0, 1))
    assert judged(simulate(desired=desired, **SLOW_REFUSALS).files()).verdict is Verdict.PASS


def failing(sample, status=0):
    return sample | {"outcome": "error", "status": status, "detail": "reset"}


def test_a_run_in_which_no_pod_ended_says_that_it_shows_no_scaling_down(simulate, judged):
    judgement = judged(simulate(desired=GOOD[:2], **SLOW_REFUSALS).files())
    assert judgement.verdict is Verdict.PASS
    assert "nothing about scaling down" in judgement.findings[0].text
    assert "scaling down" not in judged(simulate(**SLOW_REFUSALS).files()).findings[0].text


def test_a_request_that_fails_while_its_pod_ends_is_told(simulate, judged, start):
    files = simulate(**SLOW_REFUSALS).files()
    samples = files["samples.ndjson"]
    number = next(number for number, sample in enumerate(samples) if sample["due"] > start + 340)
    samples[number] = failing(samples[number])
    judgement = judged(files)
    assert judgement.verdict is Verdict.FAIL
    assert kinds(judgement) == {Kind.DROPPED_ON_SCALE_DOWN}
    assert judgement.figures.scale_down_failed == 1


@pytest.mark.parametrize(("at", "failed"), [(329.5, 0), (330.5, 1), (354.5, 1), (355.5, 0)])
def test_a_pod_ends_from_its_deletion_until_five_seconds_after_it_is_gone(simulate, judged, start, at, failed):
    files = simulate(**SLOW_REFUSALS).files()
    due = {"due": start + at, "began": start + at, "seconds": 0.1, "name": "x", "status": 502, "outcome": "error"}
    files["samples.ndjson"].append(due)
    assert judged(files).figures.scale_down_failed == failed


def test_errors_beyond_the_objective_fail(simulate, judged):
    files = simulate(**SLOW_REFUSALS).files()
    files["samples.ndjson"][60:68] = [failing(sample, 500) for sample in files["samples.ndjson"][60:68]]
    judgement = judged(files)
    assert judgement.verdict is Verdict.FAIL
    assert kinds(judgement) == {Kind.ERRORS}


def test_refusals_while_the_load_is_what_it_was_fail(simulate, judged):
    files = simulate(**SLOW_REFUSALS).files()
    for sample in files["samples.ndjson"][60:400:17]:
        sample.update(outcome="refused", status=503)
    judgement = judged(files)
    assert judgement.verdict is Verdict.FAIL
    assert Kind.REFUSED in kinds(judgement)
    assert Kind.ERRORS not in kinds(judgement)


def test_refusals_are_free_until_the_pods_that_the_load_needs_are_ready(simulate, judged, start):
    files = simulate(desired=((0.0, 1), (86.0, 2), (112.0, 4), (330.0, 1)), shape="step").files()
    for sample in files["samples.ndjson"]:
        sample["seconds"] = 0.1
    rising = [sample for sample in files["samples.ndjson"] if 95 <= sample["due"] - start < 118]
    for sample in rising[::25]:
        sample.update(outcome="refused", status=503)
    judgement = judged(files)
    assert judgement.figures.recovered_s == 0
    assert judgement.figures.refused > 20
    assert judgement.figures.refused_settled == 0
    assert Kind.REFUSED not in kinds(judgement)


def test_a_settled_phase_that_is_slow_fails(simulate, judged, start):
    files = simulate(**SLOW_REFUSALS).files()
    for sample in files["samples.ndjson"]:
        if sample["due"] > start + 300:
            sample["seconds"] = 0.7
    judgement = judged(files)
    assert judgement.verdict is Verdict.FAIL
    assert kinds(judgement) == {Kind.SLOW}
    assert judgement.figures.p95_ms["1x again"] == pytest.approx(700)


def test_a_relapse_is_told_though_the_phase_as_a_whole_was_fast(simulate, judged, start):
    files = simulate(**SLOW_REFUSALS).files()
    # A hundred of a thousand requests would be enough for the phase's own p95: these are fewer.
    slow = [sample for sample in files["samples.ndjson"] if start + 10 <= sample["due"] < start + 40][::8]
    for sample in slow:
        sample["seconds"] = 1.5
    judgement = judged(files, p95_ms=500)
    assert judgement.figures.p95_ms["1x"] < 500
    assert kinds(judgement) == {Kind.SLOW}


def sine(start_rate, factor, period):
    return lambda at: start_rate * (1 + (factor - 1) * (1 - math.cos(math.tau * at / period)) / 2)


def wave(simulate, desired, factor=5):
    return simulate(
        shape="sine", phases=(("sine", 480.0, 3.0 * (1 + factor)),), rate=sine(6.0, factor, 240), desired=desired,
        parameters={"period_s": 240.0},
    )  # fmt: skip


FOLLOWS = ((0.0, 1), (50.0, 2), (70.0, 4), (190.0, 2), (220.0, 1), (270.0, 2), (295.0, 4), (430.0, 2), (460.0, 1))


def test_an_autoscaler_that_follows_a_sine_passes(simulate, judged):
    judgement = judged(wave(simulate, FOLLOWS).files())
    assert judgement.findings[0].kind is Kind.HELD, judgement.findings
    assert judgement.figures.direction_changes == 3
    assert judgement.figures.direction_changes_per_cycle == 1.5


def test_one_more_wobble_than_a_sine_asks_for_fails(simulate, judged):
    wobbles = (*FOLLOWS[:3], (130.0, 5), (150.0, 4), (160.0, 5), *FOLLOWS[3:])
    judgement = judged(wave(simulate, wobbles).files())
    assert judgement.figures.direction_changes == 5
    judgement = judged(wave(simulate, wobbles).files(), direction_changes_per_cycle=2.4)
    assert kinds(judgement) == {Kind.OSCILLATED}


def test_a_sine_that_was_not_followed_fails(simulate, judged):
    judgement = judged(wave(simulate, ((0.0, 1),)).files())
    assert judgement.verdict is Verdict.FAIL
    assert Kind.DID_NOT_SCALE in kinds(judgement)


def test_a_sine_that_one_pod_can_follow_says_nothing(simulate, judged):
    judgement = judged(wave(simulate, ((0.0, 1),), factor=1.2).files())
    assert judgement.verdict is Verdict.INVALID
    assert kinds(judgement) == {Kind.NO_NEED}


def test_a_spike_shorter_than_a_pod_takes_is_judged_by_its_recovery(simulate, judged):
    spike = (("1x", 60.0, 6.0), ("5x", 30.0, 30.0), ("1x again", 240.0, 6.0))
    gentle = simulate(shape="spike", phases=spike, desired=((0.0, 1), (80.0, 3), (200.0, 1)), **SLOW_REFUSALS)
    judgement = judged(gentle.files())
    assert judgement.verdict is Verdict.PASS, judgement.findings
    assert 20 < judgement.figures.recovered_s < 60


@pytest.mark.parametrize(("seconds", "verdict"), [(59.0, Verdict.INVALID), (60.0, Verdict.FAIL), (120.0, Verdict.FAIL)])
def test_that_nothing_scaled_is_proven_once_there_was_time_for_it(simulate, judged, seconds, verdict):
    phases = (("1x", 60.0, 6.0), ("5x", seconds, 30.0), ("1x again", 30.0, 6.0))
    judgement = judged(simulate(phases=phases, desired=((0.0, 1),), refuse_after=0.8).files())
    assert judgement.verdict is verdict
    assert (Kind.DID_NOT_SCALE in kinds(judgement)) == (verdict is Verdict.FAIL)


@pytest.mark.parametrize(("seconds", "verdict"), [(55.0, Verdict.INVALID), (65.0, Verdict.PASS)])
def test_that_it_held_is_proven_once_it_held_for_half_a_minute(simulate, judged, seconds, verdict):
    phases = (("1x", 60.0, 6.0), ("5x", seconds, 30.0), ("1x again", 60.0, 6.0))
    judgement = judged(simulate(phases=phases, desired=((0.0, 1), (82.0, 4)), refuse_after=0.8).files())
    assert judgement.verdict is verdict, judgement.findings
    assert judgement.figures.recovered_s == pytest.approx(31, abs=3)
    assert (Kind.TOO_SHORT in kinds(judgement)) == (verdict is Verdict.INVALID)


def test_a_relapse_right_after_the_recovery_is_told(simulate, judged, start):
    files = simulate(**SLOW_REFUSALS).files()
    for sample in files["samples.ndjson"]:
        if start + 160 <= sample["due"] < start + 185:
            sample["seconds"] = 2.0
    judgement = judged(files)
    assert judgement.figures.recovered_s < 60
    assert kinds(judgement) == {Kind.SLOW}


def test_a_spike_whose_backlog_stays_for_too_long_fails(simulate, judged):
    spike = (("1x", 60.0, 6.0), ("5x", 30.0, 30.0), ("1x again", 240.0, 6.0))
    judgement = judged(simulate(shape="spike", phases=spike, desired=((0.0, 1),), refuse_after=math.inf).files())
    assert judgement.verdict is Verdict.FAIL
    assert Kind.SCALED_LATE in kinds(judgement)


def test_a_load_that_never_rises_passes_and_says_that_it_shows_no_scaling(simulate, judged):
    judgement = judged(simulate(shape="constant", phases=(("1x", 90.0, 6.0),), desired=((0.0, 1),)).files())
    assert judgement.verdict is Verdict.PASS
    assert "nothing about scaling" in judgement.findings[0].text
