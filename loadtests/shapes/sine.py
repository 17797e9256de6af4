"""A load that rises and falls all the time."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from loadtests.shapes.shape import Phase, Shape, cut


@dataclass(frozen=True, slots=True)
class Sine(Shape):
    """Begins at its lowest rate, and comes back to it after each period."""

    base: float
    """Lowest rate, in requests a second."""
    factor: float
    """Highest rate, as a multiple of the lowest."""
    period: float
    """Seconds from one lowest rate to the next."""
    cycles: int

    @property
    def name(self) -> str:
        """As it is asked for on the command line."""
        return "sine"

    def phases(self) -> tuple[Phase, ...]:
        """Return one phase, at the mean rate."""
        return (Phase(self.name, 0.0, self.period * self.cycles, self.base * (1 + self.factor) / 2),)

    def rate(self, at: float) -> float:
        """Return the rate at a time."""
        if self.phase(at) is None:
            return 0.0
        height = (1 - math.cos(math.tau * at / self.period)) / 2
        return self.base * (1 + (self.factor - 1) * height)

    def pieces(self) -> Iterator[Phase]:
        """Yield short pieces, at the rate of their middle."""
        for start, end in cut(self.phases()[0]):
            yield Phase(self.name, start, end, self.rate((start + end) / 2))

    def parameters(self) -> Mapping[str, float]:
        """Return what it was made from."""
        return {"base_rps": self.base, "factor": self.factor, "period_s": self.period, "cycles": self.cycles}
