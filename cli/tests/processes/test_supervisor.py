import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from slipway_cli.errors import LocalError
from slipway_cli.processes.supervisor import StartCancelled, Supervisor
from slipway_cli.processes.watched import ProcessStatus, State

SLEEPS = "import time; print('ready'); time.sleep(600)"
NO_MODEL = "import sys; sys.exit('no model')"
HEEDS_THE_SIGNAL = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit("in good order"))
print("ready")
time.sleep(600)
"""


@pytest.fixture
def told() -> list[list[ProcessStatus]]:
    return []


@pytest.fixture
def supervisor(told) -> Iterator[Supervisor]:
    supervisor = Supervisor(lambda table: told.append(list(table)))
    yield supervisor
    supervisor.end()


def never_ready(program):
    """It is not ready, whatever an earlier one wrote to the log."""
    return replace(program, ready=bool)


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


def test_what_becomes_ready_is_started_again_however_often_it_dies(supervisor, program):
    supervisor.start(lambda: program("import sys, time; print('ready'); time.sleep(0.5); sys.exit('a poison message')"))
    wait_for(lambda: supervisor.table()[0].restarts >= 7, 60)
    assert supervisor.failure() is None


def test_to_be_ready_for_a_moment_is_enough(supervisor, program):
    """A worker that crashes over the first message that it sees is not at fault."""
    announces = "import os, sys; os.write(int(os.environ['SLIPWAY_READY_FD']), b'1'); sys.exit('a poison message')"
    supervisor.start(lambda: replace(program(announces, announces=True), ready=bool))
    wait_for(lambda: supervisor.table()[0].restarts >= 7, 60)
    assert supervisor.failure() is None


def test_what_dies_again_and_again_before_it_is_ready_is_given_up_loudly(supervisor, program):
    descriptions = [program(SLEEPS)]
    supervisor.start(lambda: descriptions.pop() if descriptions else never_ready(program(NO_MODEL)))
    supervisor.wait_ready(20)
    os.kill(supervisor.table()[0].pid, signal.SIGKILL)
    wait_for(supervisor.failure)
    assert supervisor.table()[0].state is State.FAILED
    assert supervisor.table()[0].restarts == 5
    assert "5th time in a row before it was ready" in supervisor.failure()
    assert "no model" in supervisor.failure()


def test_to_be_killed_before_it_is_ready_is_not_held_against_it(supervisor, program):
    descriptions = [program(SLEEPS)]
    supervisor.start(lambda: descriptions.pop() if descriptions else never_ready(program(SLEEPS)))
    supervisor.wait_ready(20)
    for restarts in range(1, 8):
        os.kill(supervisor.table()[0].pid, signal.SIGKILL)
        wait_for(lambda: supervisor.table()[0].restarts == restarts and supervisor.table()[0].pid)  # noqa: B023  # at once
    assert supervisor.failure() is None


def test_what_stands_still_is_left_alone_and_can_still_be_stopped(supervisor, program, gone):
    supervisor.start(lambda: program(HEEDS_THE_SIGNAL))
    supervisor.wait_ready(20)
    pid = supervisor.table()[0].pid
    supervisor.pause("program")
    wait_for(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    time.sleep(1)
    assert [(status.pid, status.restarts) for status in supervisor.table()] == [(pid, 0)]
    supervisor.unpause("program")
    wait_for(lambda: psutil.Process(pid).status() != psutil.STATUS_STOPPED)
    supervisor.pause("program")
    supervisor.stop(["program"])
    assert gone(pid, 0.5)
    assert "in good order" in program("").log.read_text()


def test_a_probe_that_hangs_holds_up_nobody_else(supervisor, program):
    hangs = threading.Event()
    supervisor.start(lambda: replace(program(SLEEPS), name="hangs", ready=lambda: hangs.wait(60)))
    supervisor.start(lambda: program(SLEEPS))
    supervisor.wait_ready(20, ["program"])
    pid = supervisor.table()[1].pid
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: supervisor.table()[1].restarts == 1, 20)
    hangs.set()
    supervisor.wait_ready(20)


def test_a_successor_takes_over_once_it_is_ready(supervisor, program, gone):
    supervisor.start(lambda: program(SLEEPS))
    supervisor.wait_ready(20)
    old = supervisor.table()[0].pid

    successor = supervisor.start_successor("program", lambda: program(SLEEPS), 20)
    assert [status.name for status in supervisor.table()] == ["program", "program (new)"]
    assert supervisor.ready()
    supervisor.hand_over("program", successor)

    [new] = supervisor.table()
    assert (new.name, new.state, new.restarts) == ("program", State.READY, 0)
    assert new.pid != old
    assert gone(old, 0.5)
    os.kill(new.pid, signal.SIGKILL)
    wait_for(lambda: supervisor.table()[0].restarts == 1)


def test_a_successor_that_fails_leaves_the_old_one_as_it_was(supervisor, program):
    supervisor.start(lambda: program(SLEEPS))
    supervisor.wait_ready(20)
    [old] = supervisor.table()
    with pytest.raises(LocalError, match=r"(?s)program \(new\) ended with status 1 at its start.*no model"):
        supervisor.start_successor("program", lambda: never_ready(program(NO_MODEL)), 20)
    with pytest.raises(LocalError, match=r"program \(new\) is not ready after 0 s"):
        supervisor.start_successor("program", lambda: never_ready(program(SLEEPS)), 0.3)
    assert supervisor.table() == [old]
    assert supervisor.failure() is None


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
