"""How fast the model has been lately."""

import math

_MEMORY_SECONDS = 2.0
"""Work that is this long ago, in seconds of work, weighs 1/e of the latest."""


class Throughput:
    """Inputs a second over the latest seconds in which the model worked; idle time does not count."""

    def __init__(self) -> None:
        self._inputs = 0.0
        self._seconds = 0.0

    @property
    def rate(self) -> float | None:
        """Inputs a second; None before the first batch."""
        return self._inputs / self._seconds if self._seconds else None

    def record(self, inputs: int, seconds: float) -> None:
        """Take a batch that was answered into account. Long ones weigh more than short ones, by the time they took."""
        kept = math.exp(-seconds / _MEMORY_SECONDS)
        self._inputs = self._inputs * kept + inputs
        self._seconds = self._seconds * kept + seconds
