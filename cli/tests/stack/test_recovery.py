"""As where there is no death signal: the processes still run when the next supervisor comes."""

import os
import signal
import subprocess

import pytest

from slipway_cli.processes.identity import Identity
from slipway_cli.processes.watched import ProcessStatus, State
from slipway_cli.servers.ports import free_port
from slipway_cli.servers.postgres import Postgres
from slipway_cli.stack.folder import VarFolder
from slipway_cli.stack.recovery import recover
from slipway_cli.stack.state import StackState, read_state, write_state


@pytest.fixture
def orphan():
    process = subprocess.Popen(["sleep", "600"], start_new_session=True)
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def killed(project, orphan, bystander) -> VarFolder:
    """What a killed supervisor left: one process, and a pid that another process has got since."""
    folder = VarFolder(project / "var")
    folder.make()
    left, reused = Identity.of(orphan.pid), Identity(bystander.pid, Identity.of(bystander.pid).created - 60)
    processes = [
        ProcessStatus("api", State.READY, left, 1, 0, 0.0),
        ProcessStatus("worker", State.READY, reused, 2, 0, 0.0),
    ]
    supervisor = Identity(os.getpid(), 0.0)
    write_state(folder.state, StackState(supervisor, "http://127.0.0.1:1", ready=True, processes=processes))
    folder.lock.touch()
    return folder


def test_it_stops_what_was_left_and_nobody_else(killed, orphan):
    assert recover(killed) == ["api"]
    assert orphan.wait(timeout=1) == -signal.SIGTERM
    assert read_state(killed.state) is None


def test_it_stops_a_database_server_in_good_order(killed, gone):
    with Postgres(killed.postgres, free_port(), durable=False) as server:
        assert sorted(recover(killed)) == ["api", "postgres"]
        assert gone(server.pid, 0.5)
        assert "database system is shut down" in server.log.read_text()


def test_down_does_the_same(killed, slipway, orphan):
    assert slipway("down").stdout == "Stopped what a killed supervisor had left running: api.\n"
    assert orphan.wait(timeout=1) == -signal.SIGTERM


def test_a_damaged_state_file_is_no_obstacle(killed):
    killed.state.write_text("{")
    assert recover(killed) == []
    assert not killed.state.exists()
