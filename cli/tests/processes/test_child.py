import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from slipway_cli.errors import LocalError
from slipway_cli.processes.child import Child

SLEEPS = "import time; print('ready'); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready'); time.sleep(600)"
HAS_A_CHILD = "import subprocess, sys; p = subprocess.Popen(['sleep', '600']); print('ready', p.pid); p.wait()"


def test_it_stops_when_asked(program):
    child = Child(program(SLEEPS))
    child.wait_ready(20)
    child.stop()
    assert child.exit_status() == -signal.SIGTERM


def test_what_ignores_the_signal_is_killed_after_its_time(program):
    child = Child(program(STUBBORN, stop_seconds=0.3))
    child.wait_ready(20)
    began = time.monotonic()
    child.stop()
    assert child.exit_status() == -signal.SIGKILL
    assert 0.3 <= time.monotonic() - began < 10


def test_it_is_asked_only_once_as_a_second_signal_may_mean_hurry(program):
    source = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("asked"))
print("ready")
deadline = time.monotonic() + 1
while time.monotonic() < deadline:
    time.sleep(0.05)
"""
    child = Child(program(source))
    child.wait_ready(20)
    child.ask_to_stop()
    child.stop()
    assert child.program.log.read_text().splitlines() == ["ready", "asked"]


def test_those_that_are_asked_together_share_their_time(program):
    children = [Child(program(STUBBORN, stop_seconds=1.0)) for _ in range(3)]
    for child in children:
        child.wait_ready(20)
    time.sleep(0.5)  # the log is shared: let the last one get as far
    began = time.monotonic()
    for child in children:
        child.ask_to_stop()
    for child in children:
        child.stop()
    assert {child.exit_status() for child in children} == {-signal.SIGKILL}
    assert 1.0 <= time.monotonic() - began < 2.5


def test_killing_it_kills_what_is_below_it(program, gone):
    child = Child(program(HAS_A_CHILD))
    child.wait_ready(20)
    below = int(child.program.log.read_text().split()[1])
    child.kill()
    assert gone(below)


def test_a_program_that_ends_before_it_is_ready_is_reported_with_its_last_words(program):
    child = Child(program("import sys; sys.exit('no model here')"))
    with pytest.raises(LocalError, match=r"(?s)ended with status 1.*no model here.*program\.log"):
        child.wait_ready(20)


def test_a_program_that_does_not_become_ready_is_given_up(program):
    child = Child(program("import time; time.sleep(600)"))
    with pytest.raises(LocalError, match="not ready after 0 s"):
        child.wait_ready(0.2)
    child.kill()


def test_standard_input_reaches_the_program_and_not_its_command_line(program):
    child = Child(
        program("import sys; print('ready', sys.stdin.read()); import time; time.sleep(60)", stdin=b"hunter2")
    )
    child.wait_ready(20)
    assert "hunter2" in child.program.log.read_text()
    assert "hunter2" not in " ".join(psutil.Process(child.pid).cmdline())
    child.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a death signal; elsewhere the next start cleans up")
def test_it_dies_with_a_parent_that_is_killed(tmp_path, gone):
    source = f"""
import os, sys, time
from pathlib import Path
from slipway_cli.processes.child import Child
from slipway_cli.processes.program import Program
child = Child(Program("child", ("sleep", "600"), Path({str(tmp_path / "log")!r}), dict(os.environ)))
print(child.pid, flush=True)
time.sleep(600)
"""
    parent = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, text=True)
    with parent:
        pid = int(parent.stdout.readline())
        time.sleep(0.5)
        assert psutil.pid_exists(pid)
        os.kill(parent.pid, signal.SIGKILL)
    assert gone(pid)
