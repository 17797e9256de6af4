"""Processes that stand still use nothing, keep their connections, and go on."""

import sys
import time

import httpx
import psutil
import pytest
from loadtests.bench.rest import Rest, generations
from loadtests.bench.systems.processes import family, processor_seconds, used
from loadtests.bench.systems.server import bare_environment, serving

from slipway_cli.servers.ports import free_port

PARENT = """
import subprocess, sys
busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
subprocess.run([sys.executable, "-m", "http.server", sys.argv[1], "--bind", "127.0.0.1", "--protocol", "HTTP/1.1"])
"""


@pytest.fixture
def server(tmp_path):
    port = free_port()
    with serving([sys.executable, "-c", PARENT, str(port)], bare_environment(), port, tmp_path / "log") as pid:
        yield pid, f"http://127.0.0.1:{port}/"


def spent(pid, seconds):
    before = processor_seconds(family(pid))
    time.sleep(seconds)
    return used(before, processor_seconds(family(pid)))


def works(pid):
    """Wait until it uses the processor again."""
    deadline = time.monotonic() + 60
    while spent(pid, 0.1) == 0 and time.monotonic() < deadline:
        pass
    return time.monotonic() < deadline


def test_a_whole_tree_stands_still_and_goes_on_with_its_connections(server):
    pid, url = server
    rest = Rest(lambda: family(pid))
    with httpx.Client(timeout=60) as client:
        assert client.get(url).status_code == 200
        assert works(pid)

        rest.begin()
        assert {psutil.Process(each).status() for each in family(pid)} == {psutil.STATUS_STOPPED}
        assert spent(pid, 0.3) == 0
        with rest.interrupted():
            assert works(pid)
        assert spent(pid, 0.3) == 0
        rest.end()

        assert works(pid)
        assert client.get(url).status_code == 200


def test_it_goes_on_when_the_last_who_had_it_stand_still_says_so(server):
    pid, _ = server
    rest = Rest(lambda: family(pid))

    rest.begin()
    rest.begin()
    rest.end()
    assert spent(pid, 0.3) == 0
    rest.end()

    assert works(pid)


def test_parents_come_before_children_and_who_has_ended_does_not_come(server):
    pid, _ = server
    top, below = generations(family(pid))

    assert top == {pid}
    assert len(below) == 2
    assert generations({2**22 + 1}) == []
