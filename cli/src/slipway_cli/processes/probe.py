"""Asks a program whether it is ready, beside the supervisor's other work: one that hangs must not hold up the rest."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

_AGAIN_SECONDS = 2.0
_askers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="probe")


class Probe:
    """One start of one program, asked at once, until it is ready, and from then on every two seconds."""

    def __init__(self, ready: Callable[[], bool]) -> None:
        self._ready = ready
        self._asked: Future[bool] | None = None
        self._next = 0.0

    def answer(self) -> bool | None:
        """Return whether it is ready; None: no news since the last call. Never waits."""
        if self._asked is None and time.monotonic() >= self._next:
            self._asked = _askers.submit(self._ready)
        if self._asked is None or not self._asked.done():
            return None
        ready, self._asked = self._asked.result(), None
        self._next = time.monotonic() + (_AGAIN_SECONDS if ready else 0.0)
        return ready
