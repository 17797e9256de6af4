"""What many noisy values say together."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

_NORMAL = 1.4826
"""Median absolute deviation to standard deviation, for values that are normal in the middle."""
_OF_MEDIAN = 1.2533
"""Standard error of a median beside that of a mean: sqrt(pi / 2)."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median, and how sure it is. Values far off move neither."""

    value: float
    error: float
    """Standard error, in the unit of the value."""
    count: int

    @property
    def relative_error(self) -> float:
        """Return the standard error as a share of the value."""
        return self.error / self.value


def estimate(values: Sequence[float]) -> Estimate:
    """Return the median of at least one value, with an error that does not follow outliers."""
    middle = median(values)
    deviation = _NORMAL * median(abs(value - middle) for value in values)
    return Estimate(middle, _OF_MEDIAN * deviation / len(values) ** 0.5, len(values))
