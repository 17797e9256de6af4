"""What counts as an answer."""

import json

import pytest
from loadtests.bench.systems.answers import count_in

RIGHT = {"category": "billing", "priority": "low", "confidence": 0.5, "needs_human": False}


def body(*results):
    return json.dumps({"results": results}).encode()


def test_answers_are_counted():
    assert count_in(body(RIGHT, RIGHT | {"confidence": 1}), "results") == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        "billing",
        {"error": {"code": "x"}},
        RIGHT | {"category": ""},
        RIGHT | {"priority": None},
        RIGHT | {"confidence": 1.5},
        RIGHT | {"confidence": "0.5"},
    ],
)
def test_what_is_no_answer_is_not_counted(wrong):
    assert count_in(body(RIGHT, wrong), "results") == 1


@pytest.mark.parametrize("text", [b"", b"<html>", b"[]", b'{"results": {}}', b'{"other": []}', b"\xff"])
def test_what_cannot_be_read_has_no_answers(text):
    assert count_in(text, "results") == 0
