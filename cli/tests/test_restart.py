import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from slipway_cli.stack.local import LocalStack


def restart() -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "slipway_cli", "restart"]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture
def document(slipway):
    return lambda: json.loads(slipway("status", "--json").stdout)


@pytest.fixture
def pids(document):
    return lambda: {process["name"]: process["pid"] for process in document()["processes"]}


@pytest.fixture
def up(project, slipway, document) -> str:
    """The URL of a stack that another process supervises."""
    done = subprocess.run([sys.executable, "-m", "slipway_cli", "up", "--detach"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return document()["api_url"]


def test_every_service_is_replaced_and_the_servers_stay(up, pids, document, gone):
    before = pids()
    done = restart()

    assert done.returncode == 0, done.stderr
    after = pids()
    assert {name for name in before if before[name] != after[name]} == {"api", "worker", "scheduler"}
    assert all(gone(before[name], 0.5) for name in ("api", "worker", "scheduler"))
    assert document()["ready"]
    assert int(httpx.get(up).text) == after["api"]
    steps = ["Starting a new API", "The new API is ready", "Restarting worker", "Restarting scheduler", "Restarted"]
    places = [done.stdout.index(step) for step in steps]
    assert places == sorted(places)

    assert restart().returncode == 0  # back to the metrics port of the first
    assert int(httpx.get(up).text) == pids()["api"] != after["api"]


def test_a_new_api_that_does_not_start_leaves_everything_as_it_was(up, pids, document):
    before = pids()
    (Path(os.environ["PYTHONPATH"]) / "slipway_api" / "__main__.py").write_text("raise SystemExit('no model')")

    done = restart()

    assert done.returncode == 1
    assert "api (new) ended with status 1 at its start" in done.stderr
    assert "no model" in done.stderr
    assert pids() == before
    assert document()["ready"]
    assert int(httpx.get(up).text) == before["api"]


def test_without_a_stack_it_says_so(project, slipway):
    done = slipway("restart")
    assert (done.exit_code, "The stack is not up" in done.stderr) == (1, True)


def test_a_stack_of_another_program_is_not_signalled(project, slipway):
    with LocalStack(project / "var") as stack:
        done = slipway("restart")
        assert (done.exit_code, "was not started by `slipway up`" in done.stderr) == (1, True)
        assert stack.processes["api"].restarts == 0


def test_while_the_api_is_dead_its_callers_wait(project):
    with LocalStack(project / "var") as stack:
        old = stack.processes["api"].pid
        os.kill(old, signal.SIGKILL)
        assert int(httpx.get(stack.api_url, timeout=60).text) != old


def test_a_stop_in_the_middle_of_a_restart_leaves_nothing_running(project, gone):
    hangs = Path(os.environ["PYTHONPATH"]) / "slipway_api" / "__main__.py"
    stack, failures = LocalStack(project / "var"), []

    def interrupted():
        try:
            stack.restart()
        except BaseException as error:  # noqa: BLE001  # looked at below
            failures.append(type(error).__name__)

    with stack:
        hangs.write_text("import time; time.sleep(600)")
        thread = threading.Thread(target=interrupted)
        thread.start()
        deadline = time.monotonic() + 30
        while "api (new)" not in stack.processes:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        pids = [status.pid for status in stack.processes.values()]
        assert len(pids) == 6
        stack.cancel_start()
        thread.join()
    assert failures == ["StartCancelled"]
    assert all(gone(pid, 0.5) for pid in pids)
