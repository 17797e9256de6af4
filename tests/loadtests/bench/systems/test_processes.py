"""Processes of a system: counted with their children, and all gone at the end."""

import http.client
import json
import os
import sys
import time

import psutil
import pytest
from loadtests.bench.systems.processes import family, processor_seconds, used
from loadtests.bench.systems.server import bare_environment, serving

from slipway_cli.servers.ports import free_port

PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time\\nwhile True: time.sleep(0.01); sum(range(200000))"])
subprocess.run([sys.executable, "-m", "http.server", sys.argv[1], "--bind", "127.0.0.1"])
"""


def test_a_servers_children_count_and_end_with_it(tmp_path):
    port = free_port()
    command = [sys.executable, "-c", PARENT, str(port)]
    with serving(command, dict(os.environ), port, tmp_path / "log") as pid:
        members = family(pid)
        before, deadline = processor_seconds(members), time.monotonic() + 60
        while used(before, processor_seconds(members)) < 0.1 and time.monotonic() < deadline:
            time.sleep(0.05)
        spent = used(before, processor_seconds(members))

    assert len(members) == 3
    assert spent >= 0.1
    assert not any(psutil.pid_exists(member) for member in members)


def test_a_new_process_counts_from_its_start_and_supporting_ones_not_at_all():
    assert used({1: 2.0}, {1: 5.0, 2: 1.0, 3: 8.0}, without={3}) == 4.0


def test_a_server_that_does_not_start_is_quoted(tmp_path):
    command = [sys.executable, "-c", "raise SystemExit('the model is not there')"]

    with (
        pytest.raises(RuntimeError, match=r"status 1.*the model is not there"),
        serving(command, dict(os.environ), free_port(), tmp_path / "log"),
    ):
        pytest.fail("it is not to be used")


def test_settings_of_ones_own_are_not_measured(monkeypatch):
    monkeypatch.setenv("SLIPWAY_TRACE_RATIO", "0")

    assert "SLIPWAY_TRACE_RATIO" not in bare_environment()
    assert "PATH" in bare_environment()


def ask(port, method, body=b""):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, "/v1/traces", body)
    response = connection.getresponse()
    read = response.read()
    connection.close()
    assert response.status == 200
    return read


def test_the_collector_takes_and_counts_exports(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "loadtests.bench.systems.collector", str(port)]
    with serving(command, bare_environment(), port, tmp_path / "log"):
        ask(port, "POST", b"12345")
        ask(port, "POST", b"678")
        counted = json.loads(ask(port, "GET"))

    assert counted == {"exports": 2, "bytes": 8}
