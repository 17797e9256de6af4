"""What is recorded of a burst is what the verdict reads."""

import time

import pytest
from loadtests.autoscale import burst, jobs
from loadtests.autoscale.burst import WORTH_SECONDS, Burst, even
from loadtests.autoscale.kubectl import ClusterError
from loadtests.autoscale.pin import Autoscaler
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


@pytest.fixture
def workers(fake, release, api):
    """Have so many ready workers, with a minimum of one; return what scales them."""
    labels = release.labels("worker")

    def have(ready):
        deployment = {**api, "metadata": {"name": "w", "labels": labels}, "status": {"readyReplicas": ready}}
        target = {"name": "w"}
        spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 4}
        hpa = {"metadata": {"name": "w"}, "spec": spec}
        fake.has(deployments=[deployment], horizontalpodautoscalers=[hpa])
        return Autoscaler(release.cluster, "horizontalpodautoscalers", hpa)

    return have


def test_workers_that_do_not_go_end_the_run(workers, release, monkeypatch):
    monkeypatch.setattr(burst, "_DOWN_SECONDS", 0.2)
    monkeypatch.setattr(burst, "_EVERY_SECONDS", 0.05)
    monkeypatch.setattr(jobs, "submit", lambda *_: "/v1/jobs/1")
    monkeypatch.setattr(jobs, "has_ended", lambda *_: True)

    with pytest.raises(ClusterError, match="3 workers were still ready"):
        burst._trickle(release, None, workers(3))


def test_a_burst_begins_with_its_first_upload(workers, release, monkeypatch):
    workers(2)
    uploads = []

    def submit(*_):
        uploads.append(time.time())
        workers(1)
        return "/v1/jobs/1"

    monkeypatch.setattr(jobs, "submit", submit)
    monkeypatch.setattr(jobs, "has_ended", lambda *_: True)
    monkeypatch.setattr(jobs, "answered", lambda *_: {0})
    sent = burst.send(release, None, 1.0)

    assert sent.submitted <= min(uploads)
    assert sent.initial_workers == 2
    assert sent.answered == len(uploads)
