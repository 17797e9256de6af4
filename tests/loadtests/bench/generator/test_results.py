"""What a generator recorded of a server that answered, refused, and was not there."""

from pathlib import Path

import pytest
from loadtests.bench.generator.figures import WrongAnswerError, figures
from loadtests.bench.generator.results import Result, parse
from loadtests.bench.systems.triage_api import answers

RECORDED = Path(__file__).with_name("recorded.ndjson")
ANSWER = b'{"results": [{"category": "billing", "priority": "normal", "confidence": 0.9}]}'


@pytest.fixture
def recorded():
    return list(parse(RECORDED.read_text("utf-8").splitlines()))


def result(number, sent, latency=0.01, status=200, body=ANSWER, *, retry_after=False):
    return Result(number, sent, latency, status, body, "" if status == 200 else str(status), retry_after)


def test_a_recording_is_read(recorded):
    assert [each.number for each in recorded] == [0, 1, 2, 3, 4, 5]
    assert [each.status for each in recorded] == [503, 200, 0, 503, 200, 0]
    assert [each.refused for each in recorded] == [True, False, False, True, False, False]
    assert recorded[1].latency == pytest.approx(0.00129769)
    assert recorded[1].sent - recorded[0].sent == pytest.approx(0.03333, abs=1e-5)
    assert answers(recorded[1].body) == 1


def test_right_answers_refusals_and_errors_are_told_apart(recorded):
    found = figures(recorded, answers, 1)

    assert (found.requests, found.right, found.refused, found.errors) == (6, 2, 2, 2)
    assert "connection refused" in found.error


def test_a_fast_refusal_makes_no_latency_better():
    slow = [result(number, number, 0.5) for number in range(10)]
    refused = [result(number, number, 0.001, 503, b"", retry_after=True) for number in range(10, 30)]

    assert figures([*slow, *refused], answers, 1).p50_ms == pytest.approx(500)


def test_a_503_that_does_not_say_when_to_come_again_is_an_error():
    found = figures([result(0, 0.0), result(1, 0.1, status=503)], answers, 1)

    assert (found.refused, found.errors) == (0, 1)


def test_percentiles_are_of_all_requests_and_the_time_goes_to_the_last_answer():
    found = figures([result(number, 0.0, (number + 1) / 1_000) for number in range(100)], answers, 1)

    assert (found.p50_ms, found.p95_ms, found.p99_ms) == (pytest.approx(50), pytest.approx(95), pytest.approx(99))
    assert found.seconds == pytest.approx(0.1)
    assert found.late_p99_ms is None


def test_a_request_that_left_late_has_waited_since_it_was_due():
    # Ten a second; the generator stood still for a second after the third.
    sent = [0.0, 0.1, 0.2, *[1.3] * 8]
    found = figures([result(number, at) for number, at in enumerate(sent)], answers, 1, rate=10)

    assert found.p99_ms == pytest.approx(1_010)
    assert found.p50_ms == pytest.approx(510)
    assert found.late_p99_ms == pytest.approx(1_000)


def test_the_clock_of_an_open_loop_does_not_start_with_a_late_request():
    found = figures([result(0, 0.5), result(1, 0.5), result(2, 0.5), result(3, 0.5)], answers, 1, rate=10)

    assert found.p99_ms == pytest.approx(310)


@pytest.mark.parametrize("body", [b"", b"null", b'{"results": []}', ANSWER.replace(b"billing", b"")])
def test_a_wrong_answer_is_no_speed(body):
    with pytest.raises(WrongAnswerError):
        figures([result(0, 0.0), result(1, 0.1, body=body)], answers, 1)


def test_one_answer_too_few_is_wrong():
    with pytest.raises(WrongAnswerError, match="not 2 answers"):
        figures([result(0, 0.0)], answers, 2)
