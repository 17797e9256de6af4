"""Metrics that nobody reads."""

from collections.abc import Callable, Iterable

from slipway.telemetry.metric import Counter, Gauge, Histogram
from slipway.telemetry.metrics import Metrics


class NullMetrics(Metrics):
    """Takes what it is told, and keeps nothing."""

    def __init__(self) -> None:
        """Declare nothing."""

    def inc(self, metric: Counter, amount: float = 1, **labels: str) -> None:
        """Do not add."""

    def set(self, metric: Gauge, value: float, **labels: str) -> None:
        """Do not set."""

    def observe(self, metric: Histogram, value: float, **labels: str) -> None:
        """Do not observe."""

    def observe_all(self, metric: Histogram, values: Iterable[float], **labels: str) -> None:
        """Do not observe."""

    def follow(self, metric: Gauge, read: Callable[[], float], **labels: str) -> None:
        """Do not follow."""
