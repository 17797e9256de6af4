"""Locust sends an open load to a real server, as a user starts it."""

import json
import signal
import time
from collections import Counter

import pytest

DECIDED = json.dumps({"results": [{"category": "billing"}]}).encode()


def refuse_every_fifth():
    count = 0

    def answer(asked):
        nonlocal count
        count += 1
        if count % 5 == 0:
            return 503, {"Retry-After": "1"}, b"{}"
        if count % 11 == 0:
            return 500, {}, b"{}"
        return 200, {}, DECIDED

    return answer


def test_everything_that_was_due_is_sent_and_written_down(target, load):
    server = target()
    ran = load(server, "--scenario", "single", "--base-rps", "40", "--seconds", "4", "--arrivals", "even")

    assert ran.code == 0, ran.output
    samples, seconds = ran.samples, ran.seconds
    assert len(samples) == len(server.asked) == 160
    assert {sample["outcome"] for sample in samples} == {"ok"}
    assert sum(second["wanted_rps"] for second in seconds) == sum(second["sent_rps"] for second in seconds) == 160
    assert [second["wanted_rps"] for second in seconds[:4]] == [40] * 4
    assert all(second["cpu"] > 0 for second in seconds[:4])
    assert ran.load["completed"] is True
    assert (ran.load["left"], ran.load["scenario"], ran.load["shape"]) == (0, "single", "constant")
    assert ran.load["phases"][0]["to"] - ran.load["started"] == 4.0
    assert 0 <= min(sample["due"] for sample in samples) - ran.load["started"] < 0.1


def test_keys_take_turns_and_connections_are_kept(target, load):
    server = target()
    load(server, "--scenario", "batches", "--base-rps", "40", "--seconds", "2")

    keys = Counter(asked.headers["authorization"] for asked in server.asked)
    assert set(keys) == {"Bearer slw_one", "Bearer slw_two"}
    assert max(keys.values()) - min(keys.values()) <= 1
    assert server.connections < len(server.asked) / 2


def test_refusals_and_errors_are_told_apart(target, load):
    ran = load(target(answer=refuse_every_fifth()), "--scenario", "single", "--base-rps", "40", "--seconds", "3")

    outcomes = Counter((sample["outcome"], sample["status"]) for sample in ran.samples)
    assert set(outcomes) == {("ok", 200), ("refused", 503), ("error", 500)}
    assert ran.code == 0, "whether that is good is the verdict's business"
    assert ran.load["completed"] is True


def test_lateness_that_is_the_targets_fault_counts_as_latency_and_is_told_as_such(target, load):
    server = target(slots=2, seconds=0.2)
    arguments = ("--base-rps", "40", "--seconds", "3", "--clients", "4", "--drain-s", "2")
    ran = load(server, "--scenario", "single", *arguments)

    samples, seconds = ran.samples, ran.seconds
    assert len(samples) == sum(second["wanted_rps"] for second in seconds)
    assert max(sample["began"] - sample["due"] for sample in samples) > 1.5
    assert all(sample["seconds"] >= sample["began"] - sample["due"] - 1e-5 for sample in samples)
    unsent = [sample for sample in samples if sample["outcome"] == "error"]
    assert {(sample["status"], sample["detail"].partition(":")[0]) for sample in unsent} >= {(0, "never sent")}
    assert seconds[2]["sent_rps"] < seconds[2]["wanted_rps"]
    assert (seconds[2]["busy"], seconds[2]["clients"]) == (4, 4)
    assert "target" in {second["late_by"] for second in seconds}


def test_nobody_listening_is_an_error_without_a_status(target, load):
    server = target()
    server.port = 1  # nobody listens there
    ran = load(server, "--scenario", "single", "--base-rps", "10", "--seconds", "2")

    assert {(sample["outcome"], sample["status"]) for sample in ran.samples} == {("error", 0)}
    assert "refused" in ran.samples[0]["detail"]


def test_the_mix_finds_mistakes_expected_and_subtracts_what_slow_clients_took(target, load):
    def answer(asked):
        if not asked.headers["authorization"].startswith(("Bearer slw_one", "Bearer slw_two")):
            return 401, {}, b"{}"
        if asked.path == "/v1/jobs":
            return 202, {"Location": "/v1/jobs/7"}, b"{}"
        if asked.path == "/v1/jobs/7":
            return 200, {}, b'{"state": "cancelled", "dead": 0}'
        inputs = json.loads(asked.body).get("inputs", [])
        if not inputs or inputs[0]["text"] == 5:
            return 422, {}, b"{}"
        return 200, {}, json.dumps({"results": [{"category": "billing"}] * len(inputs)}).encode()

    ran = load(target(answer=answer), "--scenario", "mixed", "--base-rps", "60", "--seconds", "6", "--seed", "2")

    by_name = {}
    for sample in ran.samples:
        by_name.setdefault(sample["name"], []).append(sample)
    outcomes = {name: {(x["status"], x["outcome"]) for x in samples} for name, samples in by_name.items()}
    assert outcomes == {
        "POST /v1/triage, one message": {(200, "ok")},
        "POST /v1/triage, 1 to 32 messages": {(200, "ok")},
        "POST /v1/triage, bad input": {(422, "ok")},
        "POST /v1/triage, wrong key": {(401, "ok")},
        "POST /v1/triage, sent slowly": {(200, "ok")},
        "POST /v1/triage, read slowly": {(200, "ok")},
        "POST /v1/jobs": {(202, "ok")},
        "GET /v1/jobs/{job}": {(200, "error")},
    }
    slow = [*by_name["POST /v1/triage, sent slowly"], *by_name["POST /v1/triage, read slowly"]]
    assert min(sample["seconds"] for sample in slow) < 1.0, "a slow body alone takes 1.75 s"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_sent_before_a_signal_is_there(target, locust, tmp_path, number):
    server, folder = target(), tmp_path / "out"
    arguments = ("--scenario", "single", "--base-rps", "30", "--seconds", "60", "--clients", "20", "--out", str(folder))
    process = locust("--headless", "--host", server.url, *arguments)
    until = time.monotonic() + 40
    while len(server.asked) < 60 and time.monotonic() < until:
        time.sleep(0.1)
    process.send_signal(number)
    output, _ = process.communicate(timeout=40)

    assert process.returncode == 1, output
    samples = [json.loads(line) for line in (folder / "samples.ndjson").read_text().splitlines()]
    assert len(server.asked) >= len(samples) >= len(server.asked) - 5
    about = json.loads((folder / "load.json").read_text())
    assert about["completed"] is False
    assert about["ended"]


def test_a_wrong_parameter_is_explained(target, load):
    ran = load(target(), "--scenario", "single", "--base-rps", "0")

    assert ran.code
    assert "`base` of a shape must be over 0" in ran.output
    assert not ran.folder.exists()
