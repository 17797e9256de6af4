"""What holds for every run: the order of lines and the zero of time do not matter, and worse is never better."""

import random
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loadtests.verdict.finding import EXPLAINS, Finding, Kind, Verdict, weigh
from loadtests.verdict.latency import Window, longest_relapse_s, p95_ms, recovered_s
from loadtests.verdict.records import Sample
from loadtests.verdict.removals import Removal, failed_on_removal
from loadtests.verdict.stairs import Stairs

FAILURES = [kind for kind in Kind if kind not in EXPLAINS and kind is not Kind.HELD]
FEW = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def files(simulate):
    return simulate(refuse_after=0.8).files()


@given(seed=st.integers(0, 1000))
@FEW
def test_the_order_of_the_lines_does_not_matter(judged, files, seed):
    expected = judged(files).figures
    shuffled = {name: random.Random(seed).sample(told, len(told)) for name, told in files.items() if name != "run.json"}
    judgement = judged(files | shuffled)
    assert judgement.verdict is Verdict.PASS
    assert judgement.figures == expected


@given(begin=st.integers(-20, 400), seconds=st.integers(0, 60))
@FEW
def test_a_gap_of_the_watch_is_never_passed_when_it_is_long(judged, files, start, begin, seconds):
    kept = [one for one in files["cluster.ndjson"] if not begin < one["at"] - start <= begin + seconds]
    judgement = judged(files | {"cluster.ndjson": kept})
    inside = min(begin + seconds, 420) - max(begin, 0)
    if inside > 11:
        assert judgement.verdict is not Verdict.PASS
    if inside < 8:
        assert Kind.WATCH_GAP not in {finding.kind for finding in judgement.findings}


@given(
    offset=st.one_of(st.integers(-300, -15), st.integers(15, 300)),
    name=st.sampled_from(["samples.ndjson", "cluster.ndjson"]),
)
@FEW
def test_files_whose_clocks_differ_never_pass(judged, files, name, offset):
    moved = [
        {field: value + offset if field in {"at", "due", "began"} else value for field, value in line.items()}
        for line in files[name]
    ]
    assert judged(files | {name: moved}).verdict is not Verdict.PASS


def sample(due, seconds=0.1, outcome="ok"):
    return Sample(due=due, began=due, seconds=seconds, outcome=outcome)


@given(good=st.integers(1, 300), bad=st.integers(0, 300), outcome=st.sampled_from(["error", "refused"]))
def test_over_five_percent_without_an_answer_is_beyond_every_objective(good, bad, outcome):
    samples = [sample(1.0 + number, 0.1) for number in range(good)]
    samples += [sample(1.0 + number, 0.001, outcome) for number in range(bad)]
    # Nearest rank: the value that at least 95 of 100 do not exceed.
    assert (p95_ms(samples) > 10_000) == (good < 0.95 * (good + bad))


@given(st.lists(st.booleans(), min_size=1, max_size=120))
def test_recovery_is_the_first_window_of_thirty_that_held(held):
    found = [Window(1.0 + number, 100.0 if one else 900.0) for number, one in enumerate(held)]
    seconds = recovered_s(found, 500.0)
    stays = [number for number in range(len(held)) if all(held[number : number + 30])]
    assert seconds == (float(stays[0]) if stays else None)


@given(st.lists(st.booleans(), max_size=120))
def test_the_longest_relapse_is_the_longest_row(held):
    found = [Window(1.0 + number, 100.0 if one else None) for number, one in enumerate(held)]
    rows = "".join("." if one else "x" for one in held).split(".")
    assert longest_relapse_s(found, 500.0) == max((len(row) for row in rows), default=0)


@given(
    causes=st.lists(st.sampled_from(sorted(EXPLAINS)), max_size=3),
    failed=st.lists(st.sampled_from(sorted(FAILURES)), max_size=3),
    certain=st.booleans(),
)
def test_a_run_with_a_flaw_or_a_failure_never_passes(causes, failed, certain):
    findings = [Finding(kind, "") for kind in causes] + [Finding(kind, "", certain=certain) for kind in failed]
    verdict = weigh(findings)
    assert (verdict is Verdict.PASS) == (not findings)
    if failed and (certain or not causes):
        assert verdict is Verdict.FAIL
    if causes and not failed:
        assert verdict is Verdict.INVALID


@given(
    steps=st.lists(st.tuples(st.floats(0.1, 30), st.integers(0, 5)), min_size=1, max_size=10),
    area=st.floats(1, 500),
)
def test_the_time_of_an_area_is_when_the_sum_comes_to_it(steps, area):
    times, at = [], 100.0
    for seconds, _ in steps:
        times.append(at)
        at += seconds
    stairs = Stairs(tuple(times), tuple(count for _, count in steps))
    found = stairs.time_of_area(area, 100.0, at)
    if found is None:
        assert steps[-1][1] == 0
        return
    edges = [*[time for time in times if time < found], found]
    total = sum(stairs.at(begin) * (end - begin) for begin, end in pairwise(edges))
    assert total == pytest.approx(area)


@given(begin=st.floats(1, 100), took=st.floats(0, 100), deleted=st.floats(1, 100), ends=st.floats(0, 50))
def test_a_failure_counts_when_its_time_and_the_end_of_a_pod_overlap(begin, took, deleted, ends):
    failed = failed_on_removal([sample(begin, took, "error")], [Removal("pod", deleted, deleted + ends)])
    apart = begin + took < deleted or deleted + ends < begin
    assert bool(failed) is not apart
    assert not failed_on_removal([sample(begin, took, "refused")], [Removal("pod", deleted, deleted + ends)])
