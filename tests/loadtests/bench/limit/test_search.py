import pytest
from hypothesis import given
from hypothesis import strategies as st
from loadtests.bench.in_process import waiting
from loadtests.bench.limit.bulk import Cost
from loadtests.bench.limit.candidates import cuttings, threadings
from loadtests.bench.limit.search import Found, rank, search
from loadtests.bench.limit.setting import GRAPHS, Setting, read_settings, write_settings
from loadtests.bench.limit.standby import Slices
from loadtests.bench.measurement import Moment
from loadtests.bench.systems.processes import processor_seconds, used

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


@pytest.mark.timeout(300)
def test_a_process_waits_and_measures_when_it_is_asked(graphs, tmp_path):
    write_settings(tmp_path / "settings.json", dict.fromkeys(GRAPHS, SETTING))
    (tmp_path / "own.csv").write_text("text\nwhere is my parcel\noffline again\n", encoding="utf-8")
    arguments = ["--settings", str(tmp_path / "settings.json"), "--data", str(tmp_path / "own.csv")]

    with waiting("int8", arguments, 0.3, 1, tmp_path / "log") as graph:
        before = processor_seconds([graph.child.pid])
        bulk, calls = graph.bulk(Moment("x", 1)), graph.calls(Moment("x", 2))
        spent = used(before, processor_seconds([graph.child.pid]))

    assert (bulk.system, bulk.variant, bulk.case, bulk.turn) == ("limit", "int8", "bulk", 1)
    assert bulk.messages_per_s == pytest.approx(bulk.messages / bulk.seconds)
    assert 0 < bulk.server_cpu_s_per_1000 * bulk.messages / 1e3 <= spent + 0.1
    assert (calls.case, calls.turn) == ("single", 2)
    assert 0 < calls.p50_ms <= calls.p95_ms <= calls.p99_ms
    assert calls.seconds >= 0.3
    assert graph.child.poll() is not None


def test_what_keeps_it_from_starting_is_quoted(tmp_path):
    arguments = ["--settings", str(tmp_path / "nowhere.json")]

    with (
        pytest.raises(RuntimeError, match=r"nowhere\.json holds no settings of the limit"),
        waiting("int8", arguments, 1.0, 1, tmp_path / "log"),
    ):
        pytest.fail("it is not to be used")


def test_a_slice_has_as_many_messages_as_take_the_time(graphs):
    load = graphs.opener("int8")
    found = Slices(load(1), SETTING, lambda: load(1), ["Where is my parcel?", "offline"], rate=320.0)

    assert found.bulk(2.0, 1)["messages"] == 640
    assert found.rate != 320.0
