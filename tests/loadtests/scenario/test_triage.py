"""Answers to requests that want them at once."""

import json

import pytest
from loadtests.scenario.call import Answer
from loadtests.scenario.triage import has_results

GOOD = {"category": "billing", "priority": "normal"}


@pytest.mark.parametrize(
    ("results", "complaint"),
    [
        ([GOOD, GOOD], None),
        ([GOOD], "1 results for 2 messages"),
        ([GOOD, {"error": {"code": "too_long"}}], "1 of 2 messages have no category"),
    ],
)
def test_each_message_must_have_its_own_category(results, complaint):
    answer = Answer(200, {}, json.dumps({"results": results}).encode())

    assert has_results(answer, 2) == complaint
