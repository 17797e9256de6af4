"""Requests fall due, are taken, and are written down: each exactly once."""

import json
import time

import gevent
from loadtests.arrivals.clock import now
from loadtests.arrivals.generator import Generator, Part
from loadtests.arrivals.schedule import Schedule
from loadtests.samples.outcome import Outcome
from loadtests.scenario.call import Call, Later
from loadtests.scenario.mix import Mix
from loadtests.shapes.choice import SHAPES, Parameters

LIVES = 5.0
"""Seconds after which a test that waits has failed."""


def simple(dice):
    return Call("GET /", "GET", "/")


class Run:
    """A generator with clients that answer by themselves."""

    def __init__(self, rate, seconds, clients):
        shape = SHAPES["constant"](Parameters(base=rate, seconds=seconds))
        times = Schedule(shape, "even").times()
        self.reports = []
        self.end = now() + seconds
        self.generator = Generator(Part(now(), shape, times, Mix({simple: 1}, ""), clients), self.reports.append)
        self.generator.start()

    def client(self, answer_seconds, follow=None):
        def serve():
            while due := self.generator.take():
                gevent.sleep(answer_seconds)
                self.generator.hand_in(due, 200, Outcome.OK, "")
                if follow and due.call.name != follow.call.name:
                    self.generator.follow(follow)

        return gevent.spawn(serve)

    def finish(self, *, on_time=True):
        until = now() + LIVES
        while self.generator.left and on_time and now() < until:
            gevent.sleep(0.01)
        self.generator.finish(on_time=on_time)
        samples = [json.loads(line) for report in self.reports for line in report["lines"]]
        return samples, [second for report in self.reports for _, second in report["seconds"]]


def test_requests_are_sent_when_they_are_due():
    run = Run(rate=40, seconds=1.5, clients=4)
    for _ in range(4):
        run.client(0.001)
    samples, seconds = run.finish()

    assert len(samples) == 60
    assert {sample["phase"] for sample in samples} == {"1x"}
    assert all(sample["began"] >= sample["due"] for sample in samples)
    assert all(sample["seconds"] >= sample["began"] - sample["due"] for sample in samples)
    assert 20 <= sum(second["sent"] for second in seconds) <= 60
    assert run.reports[-1]["left"] == 0


def test_latency_counts_from_when_a_request_was_due_though_no_client_was_free():
    run = Run(rate=20, seconds=1.0, clients=1)
    run.client(0.2)
    samples, seconds = run.finish()

    assert len(samples) == 20
    waits = [sample["began"] - sample["due"] for sample in samples]
    assert waits[0] < waits[-1]
    assert waits[-1] > 2.0
    assert samples[-1]["seconds"] > 2.0
    assert seconds[0]["lag"] > 0.4
    assert (seconds[0]["busy"], seconds[0]["clients"]) == (1, 1)
    assert seconds[0]["backlog"] > 5


def test_a_process_that_is_halted_shows_in_its_own_figures():
    run = Run(rate=20, seconds=1.5, clients=8)
    for _ in range(8):
        run.client(0.001)
    gevent.sleep(0.3)
    time.sleep(0.6)  # nothing of this process runs
    samples, seconds = run.finish()

    assert len(samples) == 30
    assert max(second["loop_lag"] for second in seconds) > 0.4
    assert max(second["busy"] for second in seconds) <= 8
    assert max(sample["seconds"] for sample in samples) > 0.4


def test_processor_time_is_told():
    run = Run(rate=5, seconds=1.2, clients=1)
    run.client(0.0)
    gevent.sleep(0.1)
    while time.process_time() and now() < run.end - 0.4:
        gevent.sleep(0)
    _, seconds = run.finish()

    assert seconds[0]["cpu"] > 0.1


def test_what_nobody_answered_until_the_end_has_failed():
    run = Run(rate=20, seconds=0.5, clients=1)
    client = run.client(60.0)
    gevent.sleep(0.6)
    run.generator.finish(on_time=True)
    client.kill()
    samples = [json.loads(line) for report in run.reports for line in report["lines"]]

    assert len(samples) == 10
    assert [sample["outcome"] for sample in samples] == ["error"] * 10
    assert [sample["status"] for sample in samples] == [0] * 10
    assert samples[0]["detail"] == "no answer to the end"
    assert {sample["detail"] for sample in samples[1:]} == {"never sent: all clients were busy to the end"}
    assert run.reports[-1]["left"] == 0


def test_a_load_that_is_cut_off_blames_nobody():
    run = Run(rate=20, seconds=10, clients=1)
    client = run.client(60.0)
    gevent.sleep(0.5)
    samples, _ = run.finish(on_time=False)
    client.join(timeout=0.1)
    client.kill()

    assert samples == []
    assert run.reports[-1]["left"] > 5


def test_answers_lead_to_further_requests():
    run = Run(rate=10, seconds=0.5, clients=2)
    later = Later(Call("GET /later", "GET", "/later"), 0.3)
    for _ in range(2):
        run.client(0.001, later)
    samples, seconds = run.finish()

    assert [sample["name"] for sample in samples].count("GET /later") == 5
    late = [sample for sample in samples if sample["name"] == "GET /later"]
    assert late[0]["due"] > samples[0]["due"] + 0.3
    assert "phase" not in late[-1]
    assert sum(second["followups"] for second in seconds) <= 5


def test_what_would_have_been_due_after_the_end_is_counted():
    run = Run(rate=10, seconds=0.5, clients=2)
    for _ in range(2):
        run.client(0.001, Later(Call("GET /later", "GET", "/later"), 60.0))
    gevent.sleep(0.6)
    run.generator.finish(on_time=True)

    assert run.reports[-1]["unfollowed"] == 5
    assert run.reports[-1]["left"] == 0


def test_clients_are_free_for_the_next_load():
    run = Run(rate=10, seconds=0.3, clients=3)
    clients = [run.client(0.001) for _ in range(3)]
    run.finish()

    assert len(gevent.joinall(clients, timeout=LIVES)) == 3
