import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from slipway_cli.errors import LocalError
from slipway_cli.processes.watched import State
from slipway_cli.stack.local import LocalStack
from slipway_cli.stack.state import read_state, running_state

NAMES = {"postgres", "redis", "api", "worker-1", "worker-2", "scheduler"}


def pids(stack: LocalStack) -> dict[str, int]:
    return {name: status.pid for name, status in stack.processes.items()}


def url(secret) -> str:
    return secret.get_secret_value()


async def test_a_whole_life(project, gone):
    """Within an event loop, as a test of the API would have it."""
    stack = LocalStack(workers=2)
    with stack:
        assert set(stack.processes) == NAMES
        assert {status.state for status in stack.processes.values()} == {State.READY}
        with psycopg.connect(url(stack.settings.database_app_url)) as connection:
            assert connection.execute("SELECT count(*) FROM jobs").fetchone() == (0,)
        with psycopg.connect(url(stack.settings.database_owner_url)) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        assert stack.settings.master_key_file == (project / "var" / "keys" / "master.key").absolute()

        with pytest.raises(LocalError, match=rf"already up \(pid {os.getpid()}\)"):
            LocalStack().start()
        assert running_state(stack.folder.state).ready

        for name, pid in pids(stack).items():
            stack.kill(name)
            assert gone(pid)
            stack.wait_ready()
            assert stack.processes[name].restarts == 1
        last = pids(stack)

        stack.halt("redis")
        assert stack.processes["redis"].state is State.STOPPED
        assert gone(last["redis"], 0.5)
        stack.resume("redis")
        stack.wait_ready()
        last = pids(stack)
    assert all(gone(pid, 0.5) for pid in last.values())
    assert read_state(stack.folder.state) is None
    assert not list(stack.folder.lock.parent.glob("state*"))

    with LocalStack() as again, psycopg.connect(url(again.settings.database_owner_url)) as connection:
        assert set(again.processes) == {"postgres", "redis", "api", "worker", "scheduler"}
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_what_a_failing_machine_does_to_it(project, gone):
    with LocalStack() as stack:
        with psycopg.connect(url(stack.settings.database_owner_url)) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        for harm in (stack.crash_postgres, lambda: os.kill(pids(stack)["postgres"], signal.SIGKILL)):
            session = psycopg.connect(url(stack.settings.database_app_url))
            old = pids(stack)["postgres"]
            harm()
            assert gone(old)
            stack.wait_ready()
            with pytest.raises(psycopg.OperationalError):
                session.execute("SELECT 1")
            with psycopg.connect(url(stack.settings.database_owner_url)) as connection:
                assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)

        os.kill(pids(stack)["redis"], signal.SIGKILL)
        stack.pause("worker")
        paused = pids(stack)["worker"]
        time.sleep(3)  # a probe or two
        assert pids(stack)["worker"] == paused
        assert stack.processes["worker"].state is State.NOT_READY
        stack.unpause("worker")
        stack.wait_ready()
        assert [stack.processes[name].restarts for name in ("postgres", "redis", "worker")] == [2, 1, 0]
        stack.pause("worker")
        stack.pause("postgres")
        last = pids(stack)
        began = time.monotonic()
    assert time.monotonic() - began < 20
    assert all(gone(pid, 0.5) for pid in last.values())


def test_a_start_that_fails_leaves_nothing_running(project, gone):
    (Path(os.environ["PYTHONPATH"]) / "slipway_worker" / "__main__.py").write_text("raise SystemExit('no model')")
    seen = []
    stack = LocalStack(listener=seen.append)
    with pytest.raises(LocalError, match=r"(?s)worker ended with status 1 at its start.*no model"):
        stack.start()
    started = {status.pid for table in seen for status in table if status.pid}
    assert len(started) >= 3
    assert all(gone(pid, 0.5) for pid in started)
    LocalStack().folder.make()
    assert read_state(stack.folder.state) is None


def test_the_next_start_recovers_from_a_killed_supervisor(project, gone):
    source = "from slipway_cli.stack.local import LocalStack; import time; LocalStack().start(); time.sleep(600)"
    supervisor = subprocess.Popen([sys.executable, "-c", source])
    deadline = time.monotonic() + 90
    while not ((state := running_state(project / "var" / "run" / "state.json")) and state.ready):
        assert supervisor.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.kill(supervisor.pid, signal.SIGKILL)
    supervisor.wait()
    with LocalStack() as stack:
        before = {status.name: status.pid for status in state.processes}
        assert all(gone(pid, 0.5) for pid in before.values())
        assert {status.state for status in stack.processes.values()} == {State.READY}
