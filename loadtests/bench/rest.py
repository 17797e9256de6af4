"""Who is not being measured stands still: an idle server is not free, and its timers would disturb the other."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import psutil

_BETWEEN_SECONDS = 0.02


class Rest:
    """The processes of a system, which can be stopped (SIGSTOP) and let go on (SIGCONT) together."""

    def __init__(self, pids: Callable[[], set[int]]) -> None:
        """Take what says which processes they are; asked anew each time."""
        self.pids = pids
        self._begun = 0

    def begin(self) -> None:
        """Let all of them stand still, until `end` was called as often as this."""
        self._begun += 1
        if self._begun == 1:
            self._stop()

    def end(self) -> None:
        """Let all of them go on, if nobody else has them stand still."""
        self._begun -= 1
        if not self._begun:
            self._go_on()

    @contextmanager
    def interrupted(self) -> Iterator[None]:
        """Let them go on for as long as this lasts, within a rest."""
        self._go_on()
        try:
            yield
        finally:
            self._stop()

    def _stop(self) -> None:
        # Parents first: nobody is left who could take a still child for a dead one.
        still: set[int] = set()
        while new := self.pids() - still:
            for generation in generations(new):
                _send(generation, signal.SIGSTOP)
            still |= new

    def _go_on(self) -> None:
        # Children first: they answer their parents before these can ask how long it took.
        for generation in reversed(generations(self.pids())):
            _send(generation, signal.SIGCONT)
            time.sleep(_BETWEEN_SECONDS)


def nobody() -> set[int]:
    """Return no process: for what does nothing unless it is asked, and for who cannot stand still."""
    return set()


def generations(pids: set[int]) -> list[set[int]]:
    """Return processes by how many of the others are above them, the topmost first."""
    parents = {pid: parent for pid in pids if (parent := _parent(pid)) is not None}

    def depth(pid: int) -> int:
        return 1 + depth(parents[pid]) if parents[pid] in parents else 0

    depths = {pid: depth(pid) for pid in parents}
    levels = range(max(depths.values(), default=-1) + 1)
    return [{pid for pid, found in depths.items() if found == level} for level in levels]


def _parent(pid: int) -> int | None:
    try:
        return psutil.Process(pid).ppid()
    except psutil.NoSuchProcess:
        return None


def _send(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(psutil.NoSuchProcess):  # it has ended since it was listed
            psutil.Process(pid).send_signal(number)
