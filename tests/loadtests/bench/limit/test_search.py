import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from loadtests.bench.limit.bulk import Cost
from loadtests.bench.limit.candidates import cuttings, threadings
from loadtests.bench.limit.measure import figures
from loadtests.bench.limit.search import Found, rank, search
from loadtests.bench.limit.setting import GRAPHS, Setting, read_settings, write_settings

ROOT = Path(__file__).parents[4]
SETTING = Setting(lanes=2, threads=1, padded_tokens=256, padding=12, window=64, by_length=True)


@given(st.integers(1, 256))
def test_lanes_and_threads_go_up_to_the_cores(cores):
    ways = {(way.lanes, way.threads) for way in threadings(cores)}

    assert {(1, 1), (cores, 1), (1, cores), (1, 0)} <= ways
    assert all(max(way) <= cores for way in ways)


def test_every_size_of_run_is_tried_sorted_and_not():
    tried = cuttings(SETTING)

    assert {(each.padded_tokens, each.by_length) for each in tried} == {
        (tokens, by_length) for tokens in (64, 128, 256, 512, 1_024, 2_048, 4_096) for by_length in (True, False)
    }
    assert {each.window for each in tried if each.by_length} == {32, 256}
    assert {(each.lanes, each.threads) for each in tried} == {(2, 1)}
    assert len(set(tried)) == len(tried)


def test_the_fastest_comes_first():
    slow, fast = Found(SETTING, Cost(10, 2.0, 1.0)), Found(SETTING, Cost(10, 1.0, 5.0))

    assert rank([slow, fast]) == [fast, slow]


def test_a_search_tries_all_and_answers_the_fastest_of_the_last_stage(graphs):
    stages = []
    texts = ["Where is my parcel?", "offline", "I was charged twice, please help."]

    best = search(graphs.opener("int8"), texts, 2, lambda stage, found: stages.append((stage, found)))

    assert [len(found) for _, found in stages] == [len(threadings(2)), len(cuttings(SETTING)), 6]
    assert stages[-1][1][0].setting == best
    speeds = [each.cost.messages_per_s for each in stages[-1][1]]
    assert speeds == sorted(speeds, reverse=True)


def test_settings_are_read_as_they_were_written(tmp_path):
    best = dict.fromkeys(GRAPHS, SETTING)
    write_settings(tmp_path / "settings.json", best)

    assert read_settings(tmp_path / "settings.json") == best


@pytest.mark.parametrize("content", ["", "{}", '{"int8": {"lanes": 1}}', "[]"])
def test_other_files_are_refused_with_what_to_do(tmp_path, content):
    path = tmp_path / "settings.json"
    path.write_text(content)

    with pytest.raises(SystemExit, match="limit search --out"):
        read_settings(path)


def test_figures_are_medians_of_slices():
    costs = [Cost(100, seconds, 2 * seconds) for seconds in (1.0, 2.0, 10.0)]

    found = figures(dict.fromkeys(GRAPHS, costs), [1.0, 2.0, 3.0], [4.0])

    assert found["bulk"] == {"messages_per_s": 50.0, "cpu_s_per_1000": 40.0}
    assert found["fp32_plain"] == found["fp32"] == found["bulk"]
    assert found["single_call_ms"] == {"p50": 2.0, "p95": 3.0, "p99": 3.0}
    assert found["single_call_threads_ms"] == {"p50": 4.0, "p95": 4.0, "p99": 4.0}


def test_the_command_measures_every_graph(graphs, tmp_path):
    write_settings(tmp_path / "settings.json", dict.fromkeys(GRAPHS, SETTING))
    (tmp_path / "own.csv").write_text("text\nwhere is my parcel\noffline again\n", encoding="utf-8")

    command = [sys.executable, "-m", "loadtests.bench.limit", "measure", "--settings", tmp_path / "settings.json"]
    asked = ["--seconds", "0", "--data", tmp_path / "own.csv"]
    done = subprocess.run([*command, *asked], cwd=ROOT, capture_output=True, text=True, check=True, timeout=300)

    found = json.loads(done.stdout.splitlines()[-1])
    assert found.keys() == {"single_call_ms", "single_call_threads_ms", "bulk", "fp32_plain", "fp32"}
    for graph in ("bulk", "fp32_plain", "fp32"):
        assert found[graph]["messages_per_s"] > 0
        assert found[graph]["cpu_s_per_1000"] > 0
    assert 0 < found["single_call_ms"]["p50"] <= found["single_call_ms"]["p99"]
