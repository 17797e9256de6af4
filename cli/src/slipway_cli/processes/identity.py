"""Names a process for good: a pid alone is used again for another process."""

import time
from dataclasses import dataclass
from typing import Self

import psutil

_CLOCK_STEP_SECONDS = 2.0
"""How far the time at which a process was made may seem to move, as it derives from the clock."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A pid, and the Unix time at which that process was made."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> Self:
        """Return the identity of a process that exists or has just ended."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.NoSuchProcess:
            return cls(pid, time.time())

    def find(self) -> psutil.Process | None:
        """Return the process if it still runs."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < _CLOCK_STEP_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None
