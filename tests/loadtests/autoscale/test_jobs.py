"""Jobs, as a patient user hands them in."""

import httpx
import pytest
from loadtests.autoscale import jobs

ACCEPTED = httpx.Response(202, headers={"Location": "/v1/jobs/1"})
REFUSED = httpx.Response(429, headers={"Retry-After": "0"})


@pytest.fixture
def client():
    """Return what makes a client of an API that gives these answers, one after the other."""

    def make(*answers):
        left = list(answers)
        return httpx.Client(base_url="http://api", transport=httpx.MockTransport(lambda _: left.pop(0)))

    return make


def test_a_refusal_is_heeded(client):
    assert jobs.submit(client(REFUSED, REFUSED, ACCEPTED), ["a"], patience=5.0) == "/v1/jobs/1"


def test_without_patience_a_refusal_is_told(client):
    with pytest.raises(httpx.HTTPStatusError, match="429"):
        jobs.submit(client(REFUSED, ACCEPTED), ["a"], patience=-1.0)


def test_a_refusal_for_longer_than_the_patience_is_told(client):
    late = httpx.Response(503, headers={"Retry-After": "60"})

    with pytest.raises(httpx.HTTPStatusError, match="503"):
        jobs.submit(client(late, ACCEPTED), ["a"], patience=5.0)


def test_polls_are_patient_as_well(client):
    job = httpx.Response(200, json={"state": "completed", "succeeded": 3, "dead": 1})

    assert jobs.finished(client(REFUSED, job), "/v1/jobs/1", patience=5.0) == 4
    assert jobs.has_ended(client(REFUSED, job), "/v1/jobs/1", patience=5.0)
