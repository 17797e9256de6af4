"""Runs that prove nothing: never PASS, and FAIL only for what their flaw cannot explain."""

import pytest
from loadtests.verdict.finding import Kind, Verdict
from loadtests.verdict.judge import judge
from loadtests.verdict.objectives import read_objectives
from loadtests.verdict.recording import read_recording
from loadtests.verdict.unreadable import UnreadableError


def kinds(judgement):
    return {finding.kind for finding in judgement.findings}


@pytest.fixture
def files(simulate):
    return simulate(refuse_after=0.8).files()


def heat(files, seconds, cpu=0.97, at=120):
    for tick in files["generator.ndjson"][at : at + seconds]:
        tick["cpu"] = cpu


def test_a_generator_that_is_saturated_for_five_seconds_proves_nothing(judged, files):
    heat(files, 5)
    judgement = judged(files)
    assert judgement.verdict is Verdict.INVALID
    assert kinds(judgement) == {Kind.GENERATOR_SATURATED}


@pytest.mark.parametrize(("seconds", "cpu"), [(4, 1.0), (60, 0.9)])
def test_a_generator_that_is_nearly_saturated_is_good_enough(judged, files, seconds, cpu):
    heat(files, seconds, cpu)
    assert judged(files).verdict is Verdict.PASS


def test_a_generator_that_sends_too_little_though_the_target_is_fast_proves_nothing(judged, files):
    for tick in files["generator.ndjson"][300:]:
        tick["sent_rps"] = 5.6
    assert kinds(judged(files)) == {Kind.GENERATOR_SATURATED}


def test_a_generator_that_sends_late_though_the_target_is_fast_proves_nothing(judged, files, start):
    for sample in files["samples.ndjson"]:
        if sample["due"] >= start + 300:
            sample["began"] += 0.6
            sample["seconds"] += 0.6
    judgement = judged(files)
    assert judgement.verdict is Verdict.INVALID
    assert kinds(judgement) == {Kind.GENERATOR_SATURATED, Kind.SLOW}


def test_a_target_that_keeps_the_generator_waiting_is_no_excuse(judged, files, start):
    for sample in files["samples.ndjson"]:
        if sample["due"] >= start + 300:
            sample["began"] += 0.6
            sample["seconds"] += 1.6
    for tick in files["generator.ndjson"][300:]:
        tick["sent_rps"] = 5.0
    judgement = judged(files)
    assert judgement.verdict is Verdict.FAIL
    assert kinds(judgement) == {Kind.SLOW}


def test_a_generator_that_blames_itself_proves_nothing(judged, files):
    for tick in files["generator.ndjson"][100:105]:
        tick.update(late_by="generator", lag_s=0.4)
    assert kinds(judged(files)) == {Kind.GENERATOR_SATURATED}


def test_a_saturated_generator_does_not_explain_that_nothing_scaled(judged, simulate):
    files = simulate(desired=((0.0, 1),), refuse_after=0.8).files()
    heat(files, 20)
    judgement = judged(files)
    assert judgement.verdict is Verdict.FAIL
    assert {Kind.DID_NOT_SCALE, Kind.GENERATOR_SATURATED} <= kinds(judgement)


def test_a_generator_that_sent_no_more_than_one_pod_takes_does_explain_it(judged, simulate):
    files = simulate(desired=((0.0, 1),), refuse_after=0.8).files()
    heat(files, 100)
    for sample in files["samples.ndjson"][540:5500]:
        sample["began"] += 400.0
        sample["seconds"] += 400.0
    assert judged(files).verdict is Verdict.INVALID


def test_a_saturated_generator_explains_missing_answers_but_not_answers_that_say_500(judged, files):
    heat(files, 20)
    for sample in files["samples.ndjson"][60:80]:
        sample.update(outcome="error", status=0)
    assert judged(files).verdict is Verdict.INVALID
    for sample in files["samples.ndjson"][60:80]:
        sample["status"] = 500
    assert judged(files).verdict is Verdict.FAIL


@pytest.mark.parametrize("seconds", [2, 9, 12, 60])
def test_a_gap_of_the_watch_over_ten_seconds_proves_nothing(judged, files, start, seconds):
    begin = start + 200
    files["cluster.ndjson"] = [one for one in files["cluster.ndjson"] if not begin < one["at"] < begin + seconds]
    judgement = judged(files)
    assert judgement.verdict is (Verdict.INVALID if seconds > 10 else Verdict.PASS)
    assert kinds(judgement) == {Kind.WATCH_GAP if seconds > 10 else Kind.HELD}


@pytest.mark.parametrize("offset", [-30.0, 30.0])
@pytest.mark.parametrize("name", ["samples.ndjson", "generator.ndjson", "cluster.ndjson"])
def test_a_file_whose_clock_is_off_proves_nothing(judged, files, name, offset):
    for line in files[name]:
        for stamp in {"at", "due", "began"} & line.keys():
            line[stamp] += offset
    assert judged(files).verdict is not Verdict.PASS
    assert kinds(judged(files)) & {Kind.WATCH_GAP, Kind.LOAD_DIFFERS, Kind.NO_DATA}


@pytest.mark.parametrize(
    ("ahead", "verdict"), [(4.9, Verdict.PASS), (-6.0, Verdict.INVALID), (3600.0, Verdict.INVALID)]
)
def test_a_cluster_with_another_clock_proves_nothing(judged, files, ahead, verdict):
    for line in files["cluster.ndjson"]:
        if line["kind"] == "clock":
            line["ahead_s"] = ahead
    assert judged(files).verdict is verdict


def test_clocks_that_nobody_compared_prove_nothing(judged, files):
    files["cluster.ndjson"] = [line for line in files["cluster.ndjson"] if line["kind"] != "clock"]
    judgement = judged(files)
    assert judgement.verdict is Verdict.INVALID
    assert kinds(judgement) == {Kind.CLOCKS}


@pytest.mark.parametrize("capacity", [None, 0, -1])
def test_without_the_capacity_of_a_pod_nothing_is_proven(judged, files, capacity):
    files["run.json"]["capacity_rps"] = capacity
    assert judged(files).verdict is Verdict.INVALID
    del files["run.json"]["capacity_rps"]
    assert kinds(judged(files)) == {Kind.NO_CAPACITY}


def test_pods_that_can_do_more_than_their_capacity_make_it_doubtful(judged, simulate):
    files = simulate(desired=((0.0, 4),), refuse_after=0.8).files()
    for line in files["cluster.ndjson"]:
        if line["kind"] == "deployment":
            line.update(desired=1, ready=1)
    judgement = judged(files)
    assert judgement.verdict is Verdict.INVALID
    assert Kind.CAPACITY_DOUBTFUL in kinds(judgement)


def test_a_release_that_needs_no_more_pods_than_it_has_proves_nothing(judged, simulate):
    judgement = judged(simulate(desired=((0.0, 4), (330.0, 1))).files())
    assert judgement.verdict is Verdict.INVALID
    assert kinds(judgement) == {Kind.NO_NEED}


@pytest.mark.parametrize("name", ["samples.ndjson", "generator.ndjson", "cluster.ndjson"])
def test_an_empty_file_proves_nothing(judged, files, name):
    files[name] = []
    judgement = judged(files)
    assert judgement.verdict is Verdict.INVALID
    assert Kind.NO_DATA in kinds(judgement)


@pytest.mark.parametrize("name", ["run.json", "samples.ndjson", "generator.ndjson", "cluster.ndjson"])
def test_a_missing_file_is_named(judged, files, name):
    del files[name]
    with pytest.raises(UnreadableError, match=f"{name} is missing"):
        judged(files)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9, 0.95])
@pytest.mark.parametrize("name", ["samples.ndjson", "generator.ndjson", "cluster.ndjson"])
def test_a_file_that_was_cut_off_never_passes(judged, files, name, share):
    kept = sorted(files[name], key=lambda line: line.get("at", line.get("due")))
    files[name] = kept[: int(share * len(kept))]
    assert judged(files).verdict is not Verdict.PASS


@pytest.mark.parametrize("name", ["samples.ndjson", "generator.ndjson", "cluster.ndjson"])
def test_a_last_line_that_is_not_whole_never_passes(files, save, name):
    files[name].append({})
    folder = save(files)
    whole = (folder / name).read_text("utf-8")
    (folder / name).write_text(whole.removesuffix("{}\n") + '{"at": 17', encoding="utf-8")
    judgement = judge(read_recording(folder), read_objectives())
    assert judgement.verdict is Verdict.INVALID
    assert kinds(judgement) == {Kind.CUT_SHORT}


def test_a_hole_in_the_samples_never_passes(judged, files, start):
    files["samples.ndjson"] = [one for one in files["samples.ndjson"] if not 200 < one["due"] - start < 206]
    assert kinds(judged(files)) == {Kind.NO_DATA}


@pytest.mark.parametrize("kept", [1, 2])
def test_a_step_without_all_of_its_phases_never_passes(judged, files, kept):
    files["run.json"]["phases"] = files["run.json"]["phases"][:kept]
    judgement = judged(files)
    assert judgement.verdict is Verdict.INVALID
    assert Kind.PLAN in kinds(judgement)


def test_a_run_without_phases_never_passes(judged, files):
    files["run.json"]["phases"] = []
    assert judged(files).verdict is Verdict.INVALID


@pytest.mark.parametrize("ended", [None, -100.0])
def test_a_run_that_ended_before_its_last_phase_proves_nothing(judged, files, ended):
    run = files["run.json"]
    run["ended"] = None if ended is None else run["ended"] + ended
    assert kinds(judged(files)) == {Kind.CUT_SHORT}


def test_a_flaw_does_not_hide_what_it_cannot_explain(judged, files, start):
    files["cluster.ndjson"] = [one for one in files["cluster.ndjson"] if not 200 < one["at"] - start < 220]
    sample = next(one for one in files["samples.ndjson"] if one["due"] > start + 340)
    sample.update(outcome="error", status=502)
    judgement = judged(files)
    assert judgement.verdict is Verdict.FAIL
    assert kinds(judgement) == {Kind.WATCH_GAP, Kind.DROPPED_ON_SCALE_DOWN}


def test_pods_that_hold_too_much_before_all_are_ready_make_the_capacity_doubtful(judged, files, start):
    # The third pod and the fourth come twenty seconds later than those that really answer.
    for line in files["cluster.ndjson"]:
        if line["kind"] == "deployment" and 118 <= line["at"] - start < 160:
            line.update(ready=2)
    judgement = judged(files)
    assert judgement.verdict is Verdict.INVALID
    assert Kind.CAPACITY_DOUBTFUL in kinds(judgement)


def test_a_pod_that_takes_a_tenth_more_than_its_capacity_is_not_doubtful(judged, files):
    files["run.json"]["capacity_rps"] = 9.1
    assert Kind.CAPACITY_DOUBTFUL not in kinds(judged(files))


@pytest.mark.parametrize(("count", "verdict"), [(3, Verdict.PASS), (60, Verdict.INVALID)])
def test_keys_over_their_rate_prove_nothing(judged, files, count, verdict):
    for sample in files["samples.ndjson"][60 : 60 + 5 * count : 5]:
        sample.update(outcome="refused", status=429)
    judgement = judged(files)
    assert judgement.verdict is verdict
    assert (Kind.OVER_RATE in kinds(judgement)) == (verdict is Verdict.INVALID)
