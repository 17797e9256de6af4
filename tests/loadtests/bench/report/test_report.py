import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from loadtests.bench.kind import Kind
from loadtests.bench.measurement import MEASUREMENTS, append, read
from loadtests.bench.report import write
from loadtests.bench.report.bars import BARS, FIGURES
from loadtests.bench.report.documentation import BEGIN, END, publish, replaced

ROOT = Path(__file__).parents[4]
# From the shares that the folder is made of, by hand.
EXPECTED = {
    "bulk_vs_limit": 0.95,
    "single_vs_limit": 0.7,
    "single_vs_best_peer": 0.7 / 0.5,
    "bulk_vs_best_peer": 0.95 / 0.8,
    "single_vs_best_sorted_peer": 0.7 / 0.65,
    "bulk_vs_best_sorted_peer": 0.95 / 0.9,
    "features_bulk": 0.95 / 0.98,
    "features_single": 0.7 / 0.8,
    "p99_half": (1.2 - 0.1) / (1.2 - 0.5),
    "idle_vs_call": 6.0 / 4.0,
    "limit_vs_fp32": 1.0 / 0.3,
    "accuracy_lost": 0.25,
}


def _change(folder, change):
    """Put every measurement through a function; None takes it out."""
    kept = [changed for each in list(read(folder)) if (changed := change(each))]
    (folder / MEASUREMENTS).unlink()
    for each in kept:
        append(folder, each)


def test_every_ratio_is_what_one_would_reckon_by_hand(folder):
    found = write(folder)

    assert {each.key: found[each.key] for each in FIGURES} == pytest.approx(EXPECTED, abs=1e-3)
    assert found["passed"]
    assert found["missed"] == found["not_measured"] == []
    assert (found["rounds"], found["errors"]) == (3, 0)


def test_a_machine_that_is_slow_for_a_turn_changes_no_ratio(folder):
    found = write(folder)

    for part in ("spread", "quartiles"):
        for key, ends in found[part].items():
            if key != "accuracy_lost":
                assert ends == pytest.approx([EXPECTED[key]] * 2, abs=1e-3)


def test_the_median_of_the_pairs_counts_and_quartiles_and_ends_show_the_rest(folder):
    def slower(each):
        slow = each.system == "slipway" and each.turn == 2
        return replace(each, messages_per_s=each.messages_per_s * 0.8) if slow else each

    _change(folder, slower)
    found = write(folder)

    assert found["bulk_vs_limit"] == 0.95
    assert found["quartiles"]["bulk_vs_limit"] == [0.855, 0.95]
    assert found["spread"]["bulk_vs_limit"] == [0.76, 0.95]
    assert found["pairs"]["bulk_vs_limit"] == 3


def test_slices_of_other_contests_are_no_pair(folder):
    """Minutes lie between them: the machine may be another."""

    def faster(each):
        elsewhere = each.system == "slipway" and not each.contest.startswith("limit/")
        return replace(each, messages_per_s=each.messages_per_s * 9) if elsewhere else each

    _change(folder, faster)
    found = write(folder)

    assert (found["bulk_vs_limit"], found["single_vs_limit"]) == (0.95, 0.7)
    assert found["features_bulk"] == pytest.approx(9 * EXPECTED["features_bulk"], abs=1e-2)


def test_the_best_peer_is_the_one_that_slipway_is_least_ahead_of_and_never_the_prototype(folder):
    def change(each):
        if each.system == "prototype":
            return replace(each, messages_per_s=10_000.0)
        if (each.system, each.kind) == ("ray", Kind.DOCUMENTED) and each.turn > 1:
            return replace(each, messages_per_s=each.messages_per_s * 10)
        return each

    _change(folder, change)
    found = write(folder)

    assert found["single_vs_best_peer"] == 0.35
    assert found["spread"]["single_vs_best_peer"] == [0.35, 3.5]
    assert found["beside"]["single_vs_best_peer"] == "ray"


def test_processor_time_is_compared_in_the_same_pairs(folder):
    _change(folder, lambda each: replace(each, server_cpu_s_per_1000=4.0) if each.system == "slipway" else each)

    assert write(folder)["cpu"]["features_bulk"] == 5.0 / 4.0


def test_a_framework_with_slipways_batching_changes_no_figure_that_has_a_bar(folder):
    before = write(folder)
    _change(folder, lambda each: replace(each, messages_per_s=10_000.0) if each.kind == Kind.SORTED else each)
    after = write(folder)

    changed = {each.key for each in FIGURES if before[each.key] != after[each.key]}
    assert changed == {"single_vs_best_sorted_peer", "bulk_vs_best_sorted_peer"}
    assert after["bulk_vs_best_sorted_peer"] == pytest.approx(380 / 10_000)
    assert after["passed"]


def test_what_was_not_measured_is_null_and_missed(folder):
    (folder / "accuracy.json").unlink()
    _change(folder, lambda each: None if each.system in {"bentoml", "litserve", "ray"} else each)

    found = write(folder)

    promised = ["single_vs_best_peer", "bulk_vs_best_peer", "accuracy_lost"]
    without = [*promised[:2], "single_vs_best_sorted_peer", "bulk_vs_best_sorted_peer", *promised[2:]]
    assert (found["missed"], found["not_measured"]) == (promised, without)
    assert [found[key] for key in without] == [None] * 5
    assert not found["passed"]
    assert "not measured" in (folder / "results.md").read_text(encoding="utf-8")


def test_too_few_texts_say_nothing_of_accuracy(folder):
    content = json.loads((folder / "accuracy.json").read_text())
    (folder / "accuracy.json").write_text(json.dumps(content | {"texts": 2_999}))

    found = write(folder)

    assert found["accuracy_lost"] is None
    assert found["missed"] == ["accuracy_lost"]


@pytest.mark.parametrize("bar", BARS, ids=lambda bar: bar.key)
def test_a_bar_is_met_at_its_value_and_missed_beyond(bar):
    beyond = -1e-9 if bar.at_least else 1e-9

    assert bar.met(bar.value)
    assert not bar.met(bar.value + beyond)


def test_a_wrong_answer_of_slipway_fails_the_run_though_all_bars_are_met(folder):
    _change(folder, lambda each: replace(each, errors=1) if each.system == "slipway" and each.turn == 1 else each)

    found = write(folder)

    assert found["errors"] > 0
    assert found["missed"] == []
    assert not found["passed"]


def test_an_empty_run_misses_all(tmp_path):
    found = write(tmp_path)

    assert found["missed"] == [bar.key for bar in BARS]
    assert not found["passed"]


def test_tables_hold_every_system_and_what_failed(folder):
    write(folder)
    text = (folder / "results.md").read_text(encoding="utf-8")

    for said in (
        "| Slipway, all features on | 380 (190 to 570) | 0.95 |  |",
        "| BentoML | 320 (160 to 480) | 0.80 | 1.19 (1.19 to 1.19) |",
        "`bulk_vs_best_peer`: BentoML",
        "A processor, 2 cores",
        "- mlserver: it did not start",
        "| `fp32_plain` |",
        "| `bulk_vs_best_peer` | 32 messages a request, 8 at a time ÷ the best other framework | ≥ 1 | 1.19 |",
        "| LitServe | 240 (120 to 360) | 0.60 |",
        "| LitServe, sorted | 360 (180 to 540) | 0.90 |",
        "| no bar | 1.06 | 1.06 to 1.06 | 1.06 to 1.06 | 3 | 1.00 |  |",
        "The two figures without a bar",
        "| BentoML | bulk | v of bentoml |",
        "| LitServe, sorted | bulk | cut |",
        "| `int8` | 2 lanes, 1 in each; <= 256 tokens a run, 12 of padding; windows of 32 by length |",
        "Lost: 0.25 points",
        "| first request ÷ the median | ≤ 1.2 | 1.30 | no |",
    ):
        assert said in text


def test_results_hold_the_verdict_and_every_summary(folder):
    found = write(folder)
    results = json.loads((folder / "results.json").read_text())

    assert results["verdict"] == found
    bulk = next(e for e in results["summaries"] if (e["system"], e["case"]) == ("slipway", "bulk_c8"))
    assert (bulk["least"], bulk["messages_per_s"], bulk["most"]) == pytest.approx((190, 380, 570))
    assert bulk["requests"] == 6 * 3_000


def test_pictures_are_drawn_and_shown_on_the_page(folder, tmp_path):
    write(folder)
    pictures = sorted(folder.glob("bench-*.png"))
    assert [picture.stem for picture in pictures] == ["bench-cpu", "bench-latency", "bench-throughput"]
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in pictures)
    assert len(list(folder.glob("bench-*.svg"))) == 3

    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n", encoding="utf-8")
    publish("### Verdict\n", pictures, page, tmp_path / "images")

    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"### Verdict\n\n{END}\nafter\n")
    assert "old" not in text
    assert "(images/bench-cpu.png)" in text
    assert (tmp_path / "images" / "bench-cpu.png").exists()


def test_another_run_replaces_the_one_before():
    once = replaced(f"a\n{BEGIN}\n{END}\nb\n", "one")

    assert replaced(once, "two") == once.replace("one", "two")


@pytest.mark.parametrize("text", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{BEGIN}{END}", f"{BEGIN}{END}{END}"])
def test_a_page_without_its_marks_is_left_alone(text):
    with pytest.raises(SystemExit, match="needs a line"):
        replaced(text, "block")


def test_the_command_judges_a_run_again(folder):
    command = [sys.executable, "-m", "loadtests.bench.report", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)

    assert json.loads(done.stdout.splitlines()[-1])["passed"]


def test_the_command_says_what_a_folder_lacks(tmp_path):
    command = [sys.executable, "-m", "loadtests.bench.report", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)

    assert done.returncode == 2
    assert "make bench" in done.stderr
