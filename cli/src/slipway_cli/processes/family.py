"""Processes that are not our children: those below a child, and those that an earlier supervisor left behind."""

import contextlib
import signal
import time
from collections.abc import Sequence

import psutil

_POLL_SECONDS = 0.02
_KILL_SECONDS = 10.0


def descendants(pid: int) -> list[psutil.Process]:
    """Return all processes below one; none if it is gone."""
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def stop_all(processes: Sequence[psutil.Process], stop_signal: signal.Signals, seconds: float) -> None:
    """Ask the processes to stop; after some time kill them and what is below them."""
    below = [process for parent in processes for process in descendants(parent.pid)]
    send_all(processes, stop_signal)
    send_all(processes, signal.SIGCONT)  # one that is paused would not hear it
    _wait_gone(processes, seconds)
    kill_all([*processes, *below])


def send_all(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    """Send a signal to those of the processes that still are."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def kill_all(processes: Sequence[psutil.Process]) -> None:
    """Kill the processes and wait until they are gone."""
    send_all(processes, signal.SIGKILL)
    _wait_gone(processes, _KILL_SECONDS)


def _wait_gone(processes: Sequence[psutil.Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(_lives(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _lives(process: psutil.Process) -> bool:
    """Tell whether it runs; one that only waits for its parent's notice does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
