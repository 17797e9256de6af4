"""The processes of a server: which there are, what they have used, and their end."""

from collections.abc import Iterable, Mapping

import psutil

_GRACE_SECONDS = 2.0


def family(*pids: int) -> set[int]:
    """Return processes and all below them, as far as they still run."""
    found: set[int] = set()
    for pid in pids:
        try:
            process = psutil.Process(pid)
            found |= {pid} | {child.pid for child in process.children(recursive=True)}
        except psutil.NoSuchProcess:
            continue
    return found


def processor_seconds(pids: Iterable[int]) -> dict[int, float]:
    """Return user and system seconds of each process that runs, its own threads only, from /proc."""
    found: dict[int, float] = {}
    for pid in pids:
        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.NoSuchProcess:
            continue
        found[pid] = times.user + times.system
    return found


def used(before: Mapping[int, float], after: Mapping[int, float], without: Iterable[int] = ()) -> float:
    """Return the processor seconds between two looks; a process that is new counts from its start."""
    return sum(seconds - before.get(pid, 0.0) for pid, seconds in after.items() if pid not in set(without))


def end(pid: int) -> None:
    """Ask a child to end, and kill it with all below it where that takes too long; nothing of it is left."""
    below = [psutil.Process(each) for each in family(pid)]
    for process in below:
        if process.pid == pid:
            process.terminate()
    _, alive = psutil.wait_procs(below, timeout=_GRACE_SECONDS)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=_GRACE_SECONDS)
