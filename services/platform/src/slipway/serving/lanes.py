"""The lanes of a process: how many calls of the model run at the same time."""

from collections import deque
from collections.abc import Callable

from slipway.serving.thread import CallThread


class Lane:
    """Room for one call at a time. Its thread begins with the first call that needs one, and stays."""

    def __init__(self) -> None:
        self._thread: CallThread | None = None

    @property
    def thread(self) -> CallThread:
        """The thread of the calls in this lane."""
        self._thread = self._thread or CallThread("model")
        return self._thread

    def abandon(self) -> CallThread:
        """Leave the thread to the call that hangs in it, and return it; the next call gets a new one."""
        left = self.thread
        self.close()
        return left

    def close(self) -> None:
        """Let go of the thread; a call that hangs in it is not waited for."""
        if self._thread is not None:
            self._thread.close()
            self._thread = None


class ModelLanes:
    """All models of a process share them, so that variants do not fight for the cores.

    These are lanes as `Workload.lanes` means them: calls of the model. Those of `slipway.jobs.lanes` are chunks of a
    worker, of which one is read or written while another is in the model.
    """

    def __init__(self) -> None:
        self._lanes = [Lane()]
        self._free = [*self._lanes]
        self._waiting: deque[Callable[[], None]] = deque()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._lanes)

    @property
    def free(self) -> int:
        """How many a call could begin in now."""
        return len(self._free)

    def widen(self, count: int) -> None:
        """Let there be at least so many."""
        added = [Lane() for _ in range(count - self.count)]
        self._lanes.extend(added)
        self._free.extend(added)

    def take(self) -> Lane:
        """Take a free one, whose thread is the latest that worked. There must be one."""
        return self._free.pop()

    def release(self, lane: Lane) -> None:
        """Give one back; whoever has waited longest for it begins at once."""
        self._free.append(lane)
        while self._free and self._waiting:
            self._waiting.popleft()()

    def when_free(self, begin: Callable[[], None]) -> None:
        """Call a function when a lane is free, and its turn has come: at once, or later. It need not take any."""
        if self._free and not self._waiting:
            begin()
        else:
            self._waiting.append(begin)

    def close(self) -> None:
        """Let go of the threads; calls that hang in them are not waited for."""
        for lane in self._lanes:
            lane.close()
