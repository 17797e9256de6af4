"""What a process holds in memory, as Linux counts it (proc(5))."""

import re
from dataclasses import dataclass
from pathlib import Path

_KILOBYTES = re.compile(r"^(\w+):\s+(\d+) kB$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Memory:
    """In MB of 2**20 bytes."""

    rss: float
    """Pages in memory, those it shares with others included."""
    peak: float
    """The largest `rss` since the process began."""
    pss: float
    """The same as `rss`, with each shared page divided by how many processes share it."""


def memory_of(pid: int) -> Memory:
    """Read it."""
    status = _kilobytes(Path(f"/proc/{pid}/status"))
    rollup = _kilobytes(Path(f"/proc/{pid}/smaps_rollup"))
    return Memory(status["VmRSS"] / 1024, status["VmHWM"] / 1024, rollup["Pss"] / 1024)


def _kilobytes(path: Path) -> dict[str, int]:
    return {name: int(number) for name, number in _KILOBYTES.findall(path.read_text(encoding="ascii"))}
