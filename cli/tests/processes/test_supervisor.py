import os
import signal
import time
from collections.abc import Iterator

import pytest

from slipway_cli.errors import LocalError
from slipway_cli.processes.supervisor import StartCancelled, Supervisor
from slipway_cli.processes.watched import ProcessStatus, State

SLEEPS = "import time; print('ready'); time.sleep(600)"


@pytest.fixture
def told() -> list[list[ProcessStatus]]:
    return []


@pytest.fixture
def supervisor(told) -> Iterator[Supervisor]:
    supervisor = Supervisor(lambda table: told.append(list(table)))
    yield supervisor
    supervisor.end()


def wait_for(condition, seconds=30.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_dies_is_started_again(supervisor, program, told):
    supervisor.start(lambda: program(SLEEPS))
    supervisor.wait_ready(20)
    [first] = supervisor.table()
    os.kill(first.pid, signal.SIGKILL)
    wait_for(lambda: supervisor.table()[0].restarts == 1)
    supervisor.wait_ready(20)
    [second] = supervisor.table()
    assert second.pid != first.pid
    states = [table[0].state for table in told]
    assert states.index(State.RESTARTING) < len(states) - 1 - states[::-1].index(State.READY)


def test_what_dies_again_and_again_is_given_up_loudly(supervisor, program):
    supervisor.start(lambda: program("import time; print('ready'); time.sleep(0.3); print('out of memory')"))
    supervisor.wait_ready(20)
    wait_for(supervisor.failure)
    assert supervisor.table()[0].state is State.FAILED
    assert supervisor.table()[0].restarts == 4
    assert "5th time within 60 s" in supervisor.failure()
    assert "out of memory" in supervisor.failure()


def test_what_dies_at_its_first_start_is_not_tried_again(supervisor, program):
    supervisor.start(lambda: program("import sys; sys.exit('port in use')"))
    with pytest.raises(LocalError, match=r"(?s)ended with status 1 at its start.*port in use"):
        supervisor.wait_ready(20)
    assert supervisor.table()[0].restarts == 0


def test_what_is_stopped_stays_stopped_until_it_is_resumed(supervisor, program, gone):
    supervisor.start(lambda: program(SLEEPS))
    supervisor.wait_ready(20)
    pid = supervisor.table()[0].pid
    supervisor.stop(["program"])
    assert gone(pid)
    time.sleep(0.6)  # longer than the first pause before a restart
    assert supervisor.table()[0].state is State.STOPPED
    supervisor.resume("program")
    supervisor.wait_ready(20)
    assert supervisor.table()[0].restarts == 0


def test_a_wait_can_be_cancelled(supervisor, program):
    supervisor.start(lambda: program("import time; time.sleep(600)"))
    supervisor.cancel()
    with pytest.raises(StartCancelled):
        supervisor.wait_ready(20)


def test_a_failure_of_the_supervisor_itself_is_not_swallowed(program):
    def full_disk(_table):
        raise OSError(28, "No space left on device")

    supervisor = Supervisor(full_disk)
    supervisor.start(lambda: program(SLEEPS))
    wait_for(supervisor.failure)
    assert "No space left" in supervisor.failure()
    supervisor.stop(["program"])
    assert supervisor.table()[0].state is State.STOPPED
    supervisor.end()
