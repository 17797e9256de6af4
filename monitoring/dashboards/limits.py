"""Where a value stops being good: the thresholds of a panel."""

from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.dashboard import Threshold, ThresholdsMode

_GOOD, _WARN, _BAD = "green", "orange", "red"


@dataclass(frozen=True, slots=True)
class Limits:
    """Values from which a panel turns orange and red, in the panel's unit. Steps ascend, as Grafana wants them."""

    steps: tuple[tuple[float, str], ...] = ()
    below: str = _GOOD
    """The colour of what lies below the first step."""

    @property
    def drawn(self) -> bool:
        """Whether there is a line to draw."""
        return bool(self.steps)

    def build(self) -> ThresholdsConfig:
        """Return them for the SDK."""
        steps = [Threshold(None, self.below), *(Threshold(value, colour) for value, colour in self.steps)]
        return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def above(*, warn: float | None = None, bad: float | None = None) -> Limits:
    """Return limits for what is good while it is small."""
    steps = ((warn, _WARN), (bad, _BAD))
    return Limits(tuple((value, colour) for value, colour in steps if value is not None))


def below(*, bad: float, good: float) -> Limits:
    """Return limits for what is good while it is large: red below `bad`, green from `good` on."""
    steps = ((good, _GOOD),) if bad == good else ((bad, _WARN), (good, _GOOD))
    return Limits(steps, below=_BAD)


NO_LIMIT = Limits()
"""For what is neither good nor bad by its size, such as traffic. The panel's text says what to look for."""
