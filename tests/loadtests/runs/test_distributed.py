"""A master and its workers send one load together, and everyday users still do what they did."""

import json
import socket
import time
import urllib.request

import pytest


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_workers_send_their_shares_and_the_master_has_it_all(target, load, locust, port):
    server = target()
    workers = [locust("--worker", "--master-port", str(port)) for _ in range(2)]
    arguments = ("--scenario", "single", "--base-rps", "40", "--seconds", "4", "--arrivals", "even", "--clients", "20")
    ran = load(server, "--master", "--master-bind-port", str(port), "--expect-workers", "2", *arguments)

    assert ran.code == 0, ran.output
    assert len(ran.samples) == len(server.asked) == 160
    assert {second["processes"] for second in ran.seconds[:4]} == {2}
    assert sum(second["sent_rps"] for second in ran.seconds) == 160
    assert ran.seconds[0]["clients"] == 40
    assert (ran.load["completed"], ran.load["processes"]) == (True, 2)
    assert [worker.wait(30) for worker in workers] == [0, 0]


def test_the_share_of_a_lost_worker_is_missed(target, locust, tmp_path, port):
    server, folder = target(), tmp_path / "out"
    workers = [locust("--worker", "--master-port", str(port)) for _ in range(2)]
    where = ("--host", server.url, "--out", str(folder), "--master", "--master-bind-port", str(port))
    what = ("--scenario", "single", "--base-rps", "40", "--seconds", "6", "--drain-s", "1", "--clients", "20")
    master = locust("--headless", "--expect-workers", "2", *where, *what)
    until = time.monotonic() + 40
    while not server.asked and time.monotonic() < until:
        time.sleep(0.05)
    workers[0].kill()
    output, _ = master.communicate(timeout=60)

    assert master.returncode == 1, output
    seconds = [json.loads(line) for line in (folder / "generator.ndjson").read_text().splitlines()]
    wanted, sent = (sum(second[name] for second in seconds) for name in ("wanted_rps", "sent_rps"))
    assert sent < 0.9 * wanted
    assert min(second["processes"] for second in seconds) == 1
    assert json.loads((folder / "load.json").read_text())["completed"] is False


def test_the_page_of_locust_starts_a_load(target, locust, tmp_path, port):
    server, folder = target(), tmp_path / "out"
    what = ("--scenario", "single", "--base-rps", "20", "--seconds", "2", "--out", str(folder))
    locust("--web-host", "127.0.0.1", "--web-port", str(port), "--host", server.url, *what)
    until, file = time.monotonic() + 60, folder / "load.json"
    started = False
    while time.monotonic() < until and not (file.exists() and json.loads(file.read_text())["ended"]):
        started = started or post(f"http://127.0.0.1:{port}/swarm", b"user_count=1&spawn_rate=1")
        time.sleep(0.2)

    assert json.loads(file.read_text())["completed"] is True
    assert len((folder / "samples.ndjson").read_text().splitlines()) == len(server.asked) > 10


def post(url, body):
    try:
        with urllib.request.urlopen(url, body, timeout=10) as answer:
            return json.loads(answer.read())["success"]
    except OSError:
        return False  # its page is not there yet


def test_everyday_users_still_wait_for_their_answers(target, locust):
    server = target()
    process = locust(
        "--headless", "--host", server.url, "--users", "4", "--spawn-rate", "4", "--run-time", "6s", "Caller"
    )
    output, _ = process.communicate(timeout=60)

    assert process.returncode == 0, output
    assert {asked.path for asked in server.asked} == {"/v1/triage"}
    assert 4 <= len(server.asked) <= 100
