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
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(stop_signal)
    _wait_gone(processes, seconds)
    kill_all([*processes, *below])


def kill_all(processes: Sequence[psutil.Process]) -> None:
    """Kill the processes and wait until they are gone."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
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
