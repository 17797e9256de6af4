"""The load generator's messages."""

import random
from statistics import median

import pytest
from loadtests.scenario.messages import batch_size, job_size, message


@pytest.fixture
def dice():
    return random.Random(5)


def test_messages_are_as_long_as_customers_write(dice):
    words = [len(message(dice).split()) for _ in range(2_000)]

    assert 20 <= median(words) <= 24
    assert max(words) > 100


def test_a_file_that_holds_no_messages_is_named(dice, monkeypatch, tmp_path):
    file = tmp_path / "mine.csv"
    monkeypatch.setenv("LOADTEST_MESSAGES", str(file))
    for content in (None, "words\nx\n", "text\n"):
        if content is not None:
            file.write_text(content)
        with pytest.raises(SystemExit, match=r"LOADTEST_MESSAGES=.*mine\.csv"):
            message(dice)


def test_most_requests_have_one_message_and_none_has_too_many(dice):
    sizes = [batch_size(dice) for _ in range(2_000)]

    assert 0.7 < sizes.count(1) / len(sizes) < 0.9
    assert 1 < max(sizes) <= 64


def test_jobs_have_sizes_that_a_laptop_copes_with(dice):
    sizes = [job_size(dice) for _ in range(2_000)]

    assert min(sizes) >= 20
    assert max(sizes) <= 400
