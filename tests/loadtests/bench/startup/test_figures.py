"""What starts are summed up to."""

from dataclasses import replace

import pytest
from loadtests.bench.startup.figures import BARS, line, summary
from loadtests.bench.startup.memory import Memory
from loadtests.bench.startup.start import Start

GOOD = Start(
    listening_s=1.0,
    answered_s=1.01,
    processor_s=0.9,
    first_s=0.010,
    same_s=0.010,
    mixed_s=0.0125,
    first_processor_s=0.008,
    same_processor_s=0.008,
    idle=Memory(rss=220.0, peak=225.0, pss=200.0),
    loaded=Memory(rss=230.0, peak=240.0, pss=210.0),
)


def test_figures_are_medians_with_their_spread():
    slow = replace(GOOD, listening_s=4.0)
    found = summary([GOOD, slow, replace(GOOD, listening_s=2.0)])
    assert (found["ready_s"], found["spread"]["ready_s"], found["rounds"]) == (2.0, 1.5, 3)
    assert (found["first_answer_s"], found["spread"]["first_answer_s"]) == (1.01, 0.0)
    assert (found["passed"], found["missed"]) == (True, [])


def test_the_first_request_is_compared_with_the_faster_of_both_medians():
    found = summary([replace(GOOD, first_s=0.0125)])
    assert (found["first_vs_same"], found["first_vs_mixed"], found["first_vs_median"]) == (1.25, 1.0, 1.25)
    assert found["missed"] == ["first_vs_median"]


def test_memory_is_the_peak_of_all_that_was_before():
    found = summary([GOOD])
    assert (found["rss_start_mb"], found["rss_load_mb"], found["pss_load_mb"]) == (220.0, 240.0, 210.0)


@pytest.mark.parametrize(
    ("changes", "missed"),
    [
        ({"answered_s": 2.51}, "first_answer_s"),
        ({"first_s": 0.0121}, "first_vs_median"),
        ({"loaded": Memory(rss=300.0, peak=350.1, pss=300.0)}, "rss_load_mb"),
    ],
)
def test_a_bar_that_is_missed_is_named(changes, missed):
    found = summary([replace(GOOD, **changes)])
    assert (found["passed"], found["missed"]) == (False, [missed])
    assert found[missed] > BARS[missed]


def test_a_person_reads_seconds_milliseconds_and_megabytes():
    told = line(GOOD)
    for words in ("listens after 1.00 s", "answers after 1.01 s", "first request 10.0 ms", "at most 240 under load"):
        assert words in told
