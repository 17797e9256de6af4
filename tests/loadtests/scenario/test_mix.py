"""Which requests a scenario consists of."""

import json
from collections import Counter

import pytest
from loadtests.scenario.mix import SCENARIOS, Mix


def drawn(scenario, count=2_000, seed="1"):
    mix = Mix(SCENARIOS[scenario], seed)
    return [mix.draw() for _ in range(count)]


def sizes(calls):
    return [len(json.loads(call.body)["inputs"]) for call in calls]


def test_singles_have_one_message_each():
    assert set(sizes(drawn("single", 200))) == {1}


def test_batches_have_1_to_32_messages():
    assert set(sizes(drawn("batches"))) == set(range(1, 33))


def test_jobs_are_submitted_as_lines():
    for call in drawn("jobs", 50):
        lines = call.body.splitlines()
        assert 20 <= len(lines) <= 400
        assert all(json.loads(line)["text"] for line in lines)
        assert call.expected == {202}


def test_the_mix_is_80_15_5_and_some_trouble():
    counts = Counter(call.name for call in drawn("mixed", 10_000))

    shares = {name: 105 * count / 10_000 for name, count in counts.items()}
    assert shares == pytest.approx(
        {
            "POST /v1/triage, one message": 80,
            "POST /v1/triage, 1 to 32 messages": 15,
            "POST /v1/jobs": 5,
            "POST /v1/triage, bad input": 2,
            "POST /v1/triage, wrong key": 1,
            "POST /v1/triage, sent slowly": 1,
            "POST /v1/triage, read slowly": 1,
        },
        rel=0.5,
    )


def test_mistakes_are_expected_to_be_found():
    calls = {call.name: call for call in drawn("mixed")}

    assert calls["POST /v1/triage, bad input"].expected == {422}
    assert calls["POST /v1/triage, wrong key"].expected == {401}
    assert calls["POST /v1/triage, wrong key"].key
    assert calls["POST /v1/triage, sent slowly"].sends_slowly
    assert calls["POST /v1/triage, read slowly"].reads_slowly


def test_the_same_seed_draws_the_same():
    first, again, other = ([call.body for call in drawn("mixed", 50, seed)] for seed in ("1", "1", "2"))

    assert first == again != other
