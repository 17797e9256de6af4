"""How many cores this process may use: what ONNX Runtime and Python count leaves out a container's quota."""

import os
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")


def available_cores(cgroups: Path = _ROOT) -> int:
    """Return the cores that this process may keep busy, one at least.

    A quota of 1.5 is one: a second thread would use up the quota in two thirds of each period, and then all of them
    stand still. What is left over is the event loop's.

    Args:
        cgroups: where the control groups are mounted; in a container, that is its own group's folder.
    """
    quota = _quota(cgroups)
    cores = _affinity()
    return cores if quota is None else max(1, min(cores, int(quota)))


def _affinity() -> int:
    # Linux only: other systems do not say what a process may use.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quota(cgroups: Path) -> float | None:
    """Return the quota in cores; None: there is none.

    https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files, and
    https://docs.kernel.org/scheduler/sched-bwc.html#management for version 1.
    """
    if (both := _read(cgroups / "cpu.max")) is not None:
        limit, period = both.split()
        return None if limit == "max" else int(limit) / int(period)
    limit, period = (_read(cgroups / "cpu" / f"cpu.cfs_{name}_us") or "-1" for name in ("quota", "period"))
    return None if int(limit) < 0 or int(period) <= 0 else int(limit) / int(period)


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii").strip()
    except OSError:
        return None
