"""Keeps a dead dependency from costing every request its time limit."""

import time

TRIAL_SECONDS = 5.0
"""Pause between two trials of Redis while it is away."""


class Breaker:
    """Open from a failure to the next success: meanwhile one caller tries every few seconds, and the others do not."""

    def __init__(self, seconds: float) -> None:
        """Begin closed; once open, let a trial pass every so many seconds."""
        self._seconds = seconds
        self._next_trial: float | None = None

    def may_try(self) -> bool:
        """Return whether to try. Whoever may says afterwards how it went: `close` or `trip`."""
        if self._next_trial is None:
            return True
        if time.monotonic() < self._next_trial:
            return False
        self.trip()
        return True

    def trip(self) -> None:
        """Note a failure."""
        self._next_trial = time.monotonic() + self._seconds

    def close(self) -> None:
        """Note a success."""
        self._next_trial = None
