"""Keeps a dead dependency from costing every request its time limit."""

import time


class Breaker:
    """Open for a few seconds after each failure: meanwhile nobody tries."""

    def __init__(self, seconds: float = 5.0) -> None:
        self._seconds = seconds
        self._open_until = 0.0

    @property
    def open(self) -> bool:
        """Whether not to try."""
        return time.monotonic() < self._open_until

    def trip(self) -> None:
        """Note a failure."""
        self._open_until = time.monotonic() + self._seconds
