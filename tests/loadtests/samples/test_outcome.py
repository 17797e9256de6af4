"""What an answer is worth."""

import pytest
from loadtests.samples.outcome import judge

OK = {200}


@pytest.mark.parametrize(
    ("status", "expected", "retry_after", "complaint", "outcome", "detail"),
    [
        (200, OK, False, None, "ok", ""),
        (200, OK, False, "1 results for 2 messages", "error", "1 results for 2 messages"),
        (422, {422}, False, None, "ok", ""),
        (401, {401}, False, None, "ok", ""),
        (200, {422}, False, None, "error", "200 instead of 422"),
        (401, OK, False, None, "error", "401 instead of 200"),
        (429, OK, True, None, "refused", "429"),
        (503, OK, True, None, "refused", "503"),
        (503, {422}, True, None, "refused", "503"),
        (503, OK, False, None, "error", "503 without Retry-After instead of 200"),
        (429, OK, False, None, "error", "429 without Retry-After instead of 200"),
        (500, OK, True, None, "error", "500 instead of 200"),
        (504, {200, 202}, False, None, "error", "504 instead of 200 or 202"),
        (0, OK, False, "ConnectionRefusedError", "error", "ConnectionRefusedError"),
        (0, OK, True, None, "error", "no answer"),
    ],
)
def test_each_answer_has_one_outcome(status, expected, retry_after, complaint, outcome, detail):
    assert judge(status, expected, retry_after=retry_after, complaint=complaint) == (outcome, detail)
