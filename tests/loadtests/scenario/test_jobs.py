"""A job is followed from its submission to its results."""

import json
import random

import pytest
from loadtests.scenario.call import Answer
from loadtests.scenario.jobs import small_job


def answer(status=200, headers=None, **content):
    return Answer(status, headers or {}, json.dumps(content).encode())


def state(name, dead=0):
    return answer(state=name, dead=dead)


@pytest.fixture
def submission():
    return small_job(random.Random(1))


@pytest.fixture
def poll(submission):
    return submission.follow(answer(202, {"Location": "/v1/jobs/7"}))


def count(submission):
    return len(submission.body.splitlines())


def results(number, **first):
    lines = [{"ordinal": ordinal, "output": {"category": "billing"}} for ordinal in range(number)]
    lines[0] |= first
    return Answer(200, {}, "\n".join(json.dumps(line) for line in lines).encode())


def test_a_job_that_was_refused_is_not_followed(submission):
    assert submission.follow(answer(429, {"Retry-After": "3"})) is None


def test_it_is_asked_for_again_and_again_and_less_and_less_often(poll):
    waits = []
    for _ in range(12):
        assert (poll.call.method, poll.call.path) == ("GET", "/v1/jobs/7")
        waits.append(poll.seconds)
        poll = poll.call.follow(state("running"))

    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (1.0, 10.0)


def test_a_refused_question_is_asked_again_when_the_refusal_says(poll):
    again = poll.call.follow(answer(503, {"Retry-After": "7"}))

    assert (again.seconds, again.call.path) == (7.0, "/v1/jobs/7")


def test_the_results_of_a_completed_job_are_fetched_and_counted(poll, submission):
    fetch = poll.call.follow(state("completed"))

    assert (fetch.call.path, fetch.seconds) == ("/v1/jobs/7/results", 0.0)
    assert fetch.call.check(results(count(submission))) is None
    assert fetch.call.follow(results(count(submission))) is None
    assert fetch.call.follow(answer(503, {"Retry-After": "2"})).call.path == "/v1/jobs/7/results"


def test_results_that_are_missing_double_or_empty_are_wrong(poll, submission):
    fetch, whole = poll.call.follow(state("completed")).call, count(submission)

    for wrong in (results(whole - 1), results(whole + 1), results(whole, ordinal=1), results(whole, output=None)):
        assert f"of {whole}" in fetch.check(wrong)


@pytest.mark.parametrize(
    ("found", "words"),
    [(state("cancelled"), "the job ended as cancelled"), (state("completed", dead=2), "2 messages were given up")],
)
def test_a_job_that_ends_badly_is_an_error(poll, found, words):
    assert poll.call.check(found) == words
    assert poll.call.follow(found) is None
