"""Processor time of a process, by thread, from Linux's scheduler: to the nanosecond, whatever else the machine does."""

from collections import Counter
from pathlib import Path


def spent(pid: int) -> Counter[str]:
    """Return nanoseconds of processor time by the names of the process's threads; that of the first is `main`.

    Threads that have ended do not count. The time is the first number of `schedstat` (Linux:
    Documentation/scheduler/sched-stats).
    """
    times: Counter[str] = Counter()
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            name = "main" if task.name == str(pid) else (task / "comm").read_text().strip()
            times[name] += int((task / "schedstat").read_text().split()[0])
        except (FileNotFoundError, ProcessLookupError):  # the thread has ended since the folder was listed
            continue
    return times
