"""What is asked of each system."""

from dataclasses import dataclass

SINGLE, BULK = "single", "bulk"
CURVE = "curve"
"""The case of every point of the latency curve; its `fraction` says which."""
FRACTIONS = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1)
"""Of a system's own peak, at which its curve is measured."""
IDLE, HALF = 0.1, 0.5
"""The two of them that are compared."""


@dataclass(frozen=True)
class Case:
    """A closed loop: so many clients, each of whom sends its next request when it has its answer."""

    group: str
    size: int
    """Messages a request."""
    concurrency: int

    @property
    def name(self) -> str:
        """As in the results: `single_c64`."""
        return f"{self.group}_c{self.concurrency}"


PEAK = Case(SINGLE, 1, 64)
"""Its rate is what the fractions of the curve are of, and a system's variants are chosen by it for single messages."""
BULK_PEAK = Case(BULK, 32, 8)
ONE = Case(SINGLE, 1, 1)
CASES = (ONE, Case(SINGLE, 1, 8), PEAK, Case(BULK, 32, 1), BULK_PEAK)
JUDGED = (PEAK, BULK_PEAK)
"""Those that bars are of. They get the most pairs."""
