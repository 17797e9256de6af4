"""Processor time of a process, by thread, from Linux's scheduler: to the nanosecond, whatever else the machine does."""

from collections import Counter
from pathlib import Path


def spent(pid: int) -> Counter[str]:
    """Return nanoseconds of processor time by the names of the process's threads; that of the first is `main`."""
    times: Counter[str] = Counter()
    for task in Path(f"/proc/{pid}/task").iterdir():
        name = "main" if task.name == str(pid) else (task / "comm").read_text().strip()
        times[name] += int((task / "schedstat").read_text().split()[0])
    return times
