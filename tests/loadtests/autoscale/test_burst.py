"""What is recorded of a burst is what the verdict reads."""

import pytest
from loadtests.autoscale.burst import WORTH_SECONDS, Burst, even
from loadtests.verdict.objectives import read_objectives
from loadtests.verdict.run import Burst as Judged

SENT = Burst(
    messages=18_000,
    submitted=1_000.0,
    drained=1_100.0,
    initial_workers=1,
    max_workers=4,
    messages_per_worker_s=60.0,
    answered=18_000,
)


def test_the_verdict_reads_every_field():
    record = SENT.record(interrupted=0)

    assert set(record) == set(Judged.model_fields)
    assert Judged.model_validate(record).model_dump() == record


def test_chunks_that_nobody_counted_are_not_none():
    assert SENT.record(None)["interrupted"] is None


def test_a_burst_is_worth_what_the_objectives_ask_for():
    assert read_objectives().burst_worth_s <= WORTH_SECONDS


@pytest.mark.parametrize(("total", "parts"), [(15_337, 4), (3, 4), (100_001, 11), (1, 1)])
def test_the_jobs_of_a_burst_come_to_all_of_it_and_are_alike(total, parts):
    sizes = even(total, parts)

    assert sum(sizes) == total
    assert len(sizes) <= parts
    assert min(sizes) > 0
    assert max(sizes) - min(sizes) <= 1
