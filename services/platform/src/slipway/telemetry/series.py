"""The series of one metric, found by their labels: once for each set of labels, and in one look-up from then on."""

import threading
from typing import Generic, TypeVar

from prometheus_client.metrics import MetricWrapperBase

from slipway.telemetry.metric import MAX_OPEN_VALUES, OTHER, Label, Metric

WrapperT = TypeVar("WrapperT", bound=MetricWrapperBase)


class Bounds:
    """Keeps the values of labels few. One for a process: a label that several metrics share has one bound."""

    def __init__(self) -> None:
        self._seen: dict[Label, set[str]] = {}
        self._adding = threading.Lock()

    def bounded(self, label: Label, value: str) -> str:
        """Return the value, or `other` for one that is not on a closed list, or one too many of an open label."""
        if label.values:
            return value if value in label.values else OTHER
        with self._adding:
            seen = self._seen.setdefault(label, set())
            if value in seen or len(seen) < MAX_OPEN_VALUES:
                seen.add(value)
                return value
        return OTHER


class Family(Generic[WrapperT]):
    """All series of a metric. Safe for threads."""

    def __init__(self, spec: Metric, wrapper: WrapperT, bounds: Bounds) -> None:
        self._spec = spec
        self._wrapper = wrapper
        self._bounds = bounds
        # Keys are labels in the order of the call. What became `other` is not among them: they are as few as series.
        self._known: dict[tuple[tuple[str, str], ...], WrapperT] = {}

    def series(self, labels: dict[str, str]) -> WrapperT:
        """Return the series of these labels.

        Raises:
            ValueError: the metric has other labels.
        """
        found = self._known.get(tuple(labels.items()))
        return self._find(labels) if found is None else found

    def _find(self, labels: dict[str, str]) -> WrapperT:
        names = [label.name for label in self._spec.labels]
        if labels.keys() != set(names):
            raise ValueError(f"{self._spec.name} has the labels {names}, not {[*labels]}")
        values = {label.name: self._bounds.bounded(label, labels[label.name]) for label in self._spec.labels}
        found = self._wrapper.labels(*values.values()) if values else self._wrapper
        if values == labels:
            self._known[tuple(labels.items())] = found
        return found
